package import PrewarmCore
package import PrewarmEngine

/// A provisioner that applies a set of Kubernetes objects for each workspace.
///
/// The names of the objects come from the id of their workspace, and their labels say to which store and provisioner they
/// belong. So each operation finds what an earlier, killed prewarm left behind.
package struct KubernetesProvisioner: Provisioner {
    package let settings: KubernetesSettings
    private let plugins: PluginCredentials
    private let directory = ResourceDirectory()

    /// - Parameter now: The clock by which credentials of plugins expire.
    package init(_ settings: KubernetesSettings, now: @escaping @Sendable () -> Timestamp) {
        self.settings = settings
        plugins = PluginCredentials(settings.tools, now: now)
    }

    package var operations: Set<ProvisionerOperation> {
        let always: Set<ProvisionerOperation> = [.create, .delete, .inspect, .list]
        return settings.spec.handover == nil ? always : always.union([.claim])
    }
    package var concurrency: Int { settings.concurrency }
    package var reserve: Int { settings.reserve ?? StartOrder.standardReserve(concurrency: concurrency) }
    package var longestList: Duration { .seconds(300) }

    /// Carries out an operation. No process of this machine belongs to it, so `started` is not called. If the task is
    /// canceled, the outcome is `tryLater`; the objects stay, and the next attempt continues with them.
    package func perform(
        _ request: ProvisionerRequest, started: @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        if let refusal = refusal(of: request.operation, name: settings.name) { return refusal }
        let redactor = Redactor(secrets: request.allSecrets)
        let log = OperationLog(redactor)
        let timeout = min(request.timeout ?? settings.timeout, settings.timeout)
        let result = await within(timeout) { () -> Result<ProvisionerReply, OperationFailure> in
            do throws(OperationFailure) {
                return .success(
                    try await KubernetesClient.with(settings, plugins) { (client, files) throws(OperationFailure) in
                        let operation = KubernetesOperation(
                            settings: settings, files: files, request: request, client: client, directory: directory,
                            log: log, redactor: redactor)
                        if request.operation == .claim { return try await operation.handOver() }
                        return ProvisionerReply(outcome: redactor.redact(try await operation.run()), log: log.text)
                    })
            } catch {
                return .failure(error)
            }
        }
        if Task.isCancelled {
            return ProvisionerReply(outcome: OperationFailure.canceled.outcome, log: log.text, isUnanswered: true)
        }
        switch result {
        case .success(let reply): return reply
        case .failure(let failure):
            // Without a line in the log, no object was changed.
            let isNotStarted = failure.kind == .unreachable && log.text.isEmpty
            return ProvisionerReply(
                outcome: redactor.redact(failure.outcome), log: log.text, isNotStarted: isNotStarted,
                isUnanswered: failure.isUnanswered || failure.kind == .unreachable && !isNotStarted)
        case nil:
            return ProvisionerReply(
                outcome: .failed("timed out after \(timeout.prewarmText)".followed(by: log.text)), log: log.text,
                isUnanswered: true)
        }
    }

    /// Returns the workspaces of which this provisioner made an object, also those of other stores.
    package func list() async throws(ProvisionerFailure) -> [ListedWorkspace] {
        do throws(OperationFailure) {
            return try await KubernetesClient.with(settings, plugins) { (client, files) throws(OperationFailure) in
                try await workspaces(client, files)
            }
        } catch {
            throw error.listFailure
        }
    }

    private func workspaces(
        _ client: KubernetesClient, _ files: KubernetesFiles
    ) async throws(OperationFailure) -> [ListedWorkspace] {
        var objects: [WorkspaceID: [Value]] = [:]
        let selector = ObjectLabels.selector(provisioner: settings.name)
        for resource in try await directory.resources(of: files, settings.spec, client) {
            try await client.list(resource, selector: selector) { object in
                guard let id = object["metadata"]?["labels"]?.text(ObjectLabels.workspace) else { return }
                objects[WorkspaceID(id), default: []].append(object)
            }
        }
        return objects.map { id, objects in
            let state = WorkspaceObjects(objects).state(
                conditions: settings.spec.readyConditions, kinds: files.kinds(settings.spec))
            let store = objects.lazy.compactMap { $0["metadata"]?["labels"]?.text(ObjectLabels.store) }.first
            return ListedWorkspace(
                id: id, state: state.phase.listedState, message: state.message.isEmpty ? nil : state.message,
                store: store)
        }
    }

    /// Returns the cluster, its version and the login for people, for example
    /// `Kubernetes v1.34.1 at 10.0.0.1:6443 (context dev of /etc/kubeconfig)`. `doctor` uses it.
    package func cluster() async throws(ProvisionerFailure) -> String {
        do throws(OperationFailure) {
            return try await KubernetesClient.with(settings, plugins) { (client, files) throws(OperationFailure) in
                let version = try await client.call(KubernetesCall(path: "/version")).document.text("gitVersion")
                for template in files.templates {
                    _ = try await directory.resource(of: template.kind, client)
                }
                let shown = version.map { " \($0.printable.limited(to: 60))" } ?? ""
                return "Kubernetes\(shown) at \(client.server) (\(client.connection.origin))"
            }
        } catch {
            throw error.listFailure
        }
    }

    /// Does nothing, because no process of an operation survives prewarm.
    package func end(_ mark: ProcessMark) async {}
}

extension ObjectState.Phase {
    /// The state in the words of the provisioner contract. Only ready workspaces are looked at, so one that is no longer
    /// ready is unhealthy.
    fileprivate var listedState: String {
        switch self {
        case .current: "ready"
        case .inProgress: "unhealthy"
        case .failed: "failed"
        case .terminating: "deleting"
        }
    }
}
