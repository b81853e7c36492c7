import PrewarmCore
import PrewarmEngine

extension KubernetesOperation {
    /// Prepares the objects of the workspace for the owner who claims it: the patches first, then the program in a pod.
    /// All steps can be repeated.
    func handOver() async throws(OperationFailure) -> ProvisionerReply {
        guard let handover = spec.handover else {
            throw OperationFailure(.failed, "provisioner \(settings.name) has no `handover`")
        }
        let objects = try await objects()
        if objects.isEmpty { try checkPlace() }
        let values = values
        for patch in handover.patches {
            let (resource, object) = try first(patch.kind, of: objects)
            let change = try patch.document(values)
            try await client.patch(resource, object.objectName, change)
            log.note("patched the \(object.objectTitle)")
        }
        guard let exec = handover.exec else {
            return ProvisionerReply(outcome: .done(endpoint: nil, metadata: [:]), log: log.text)
        }
        let (_, object) = try first(exec.kind, of: objects)
        let result = try await run(exec, of: object, values)
        let reply = result.reply(redactor, before: log.text)
        return ProvisionerReply(
            outcome: keepingPlace(reply.outcome), log: reply.log, credentials: reply.credentials)
    }

    /// Returns the first object of a kind, in the order of the template.
    private func first(
        _ kind: String, of objects: [(resource: ObjectResource, object: Value)]
    ) throws(OperationFailure) -> (resource: ObjectResource, object: Value) {
        let expected = files.templates.first { $0.kind.kind == kind }
        let name = try expected.map { object throws(OperationFailure) in
            try values.text(object.name, in: PlaceholderPlace(key: "\(kind).metadata.name", rule: .name))
        }
        let candidates = objects.filter { $0.object.text("kind") == kind }
        // The name in the template may have changed since the create.
        let found =
            candidates.first { $0.object.objectName == name } ?? (candidates.count == 1 ? candidates.first : nil)
        guard let found, !found.object.isTerminating else {
            throw OperationFailure(.failed, "the \(kind) of the workspace does not exist")
        }
        return found
    }

    private func run(
        _ exec: KubernetesSpec.Exec, of object: Value, _ values: PlaceholderValues
    ) async throws(OperationFailure) -> ProgramResult {
        var command: [String] = []
        for text in exec.command {
            command.append(try values.text(text, in: PlaceholderPlace(key: "handover.exec.command", rule: .argument)))
        }
        let pods = await client.pods(of: object, limit: 10)
        guard let pod = pods.first(where: { ObjectState($0).phase == .current }) else {
            throw OperationFailure(.failed, "the \(object.objectTitle) has no pod that is ready")
        }
        let input: [UInt8]
        do throws(RequestDocument.Problem) {
            input = try RequestDocument(request, base: [:]).input
        } catch {
            throw OperationFailure(.failed, error.message)
        }
        log.note("running \(command.first.map { $0.printable.limited(to: 100) } ?? "") in the \(pod.objectTitle)")
        return try await PodExec(client: client, pod: pod.objectName, container: exec.container).run(
            command, input: input, slack: max(redactor.longestPattern, Credentials.sizeLimit))
    }
}

extension KubernetesSpec.Patch {
    /// Returns the merge patch with the values of the claim.
    fileprivate func document(_ values: PlaceholderValues) throws(OperationFailure) -> Value {
        func entries(
            _ texts: [String: PlaceholderText], _ place: (String) -> PlaceholderPlace
        ) throws(OperationFailure) -> Value? {
            if texts.isEmpty { return nil }
            var entries: [(key: String, value: Value)] = []
            for (key, text) in texts.sorted(by: { $0.key < $1.key }) {
                entries.append((key, .string(try values.text(text, in: place(key)))))
            }
            return .object(entries)
        }
        let labels = try entries(labels) { PlaceholderPlace(key: "labels.\($0)", rule: .name) }
        let annotations = try entries(annotations) { PlaceholderPlace(key: "annotations.\($0)", rule: .text) }
        let data = try entries(stringData) {
            PlaceholderPlace(key: "stringData.\($0)", rule: .text, takesSecrets: true)
        }
        return .object(known: [
            "metadata": labels == nil && annotations == nil
                ? nil : .object(known: ["labels": labels, "annotations": annotations]),
            "stringData": data,
        ])
    }
}
