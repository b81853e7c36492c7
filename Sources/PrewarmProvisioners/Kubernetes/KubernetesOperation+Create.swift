import PrewarmCore
import PrewarmEngine

extension KubernetesOperation {
    /// Applies the objects of the workspace, and waits until all of them are ready.
    ///
    /// It continues after a crash at any step, since each apply finds the object of an earlier attempt by its name.
    func create() async throws(OperationFailure) -> Outcome {
        // The values are checked before anything is done.
        let plan = try ObjectPlan(files.templates, request, values)
        var resources: [ObjectResource] = []
        guard ObjectLabels.isLabelValue(request.workspace.id) else {
            throw OperationFailure(.failed, "the id of the workspace cannot be the value of a label")
        }
        for item in plan.items { resources.append(try await directory.resource(of: item.kind, client)) }
        for (item, resource) in zip(plan.items, resources) { try await apply(item, resource) }
        return try await waitUntilReady(plan, resources)
    }

    // MARK: Apply

    /// The number of attempts to create an object whose name another client uses for a moment.
    private static let tries = 4

    private func apply(_ item: ObjectPlan.Item, _ resource: ObjectResource) async throws(OperationFailure) {
        for _ in 0..<Self.tries {
            guard let existing = try await free(item, resource) else {
                // If another client makes an object of the name meanwhile, its labels are looked at next.
                guard try await client.create(resource, item.document) else { continue }
                return log.note("created \(item.reference)")
            }
            do throws(OperationFailure) {
                try await client.apply(resource, to: existing, item.document)
            } catch {
                // An earlier attempt applied another template, and the kind does not allow the change. The next workspace
                // is new.
                guard error.kind == .invalid else { throw error }
                throw OperationFailure(.failed, error.message, hint: error.hint)
            }
            return log.note("applied \(item.reference)")
        }
        throw OperationFailure(
            .transient, "cannot create the \(item.kind.kind) \(item.name): another client creates and deletes it")
    }

    /// Returns the object of the name if it belongs to the workspace; nil if it does not exist. It waits for the end of an
    /// object that is being deleted.
    private func free(_ item: ObjectPlan.Item, _ resource: ObjectResource) async throws(OperationFailure) -> Value? {
        let end = ContinuousClock.now + longestWait
        while true {
            guard let existing = try await client.object(resource, item.name) else { return nil }
            guard ObjectLabels.match(existing, request.workspace.id, provisioner: settings.name) else {
                throw OperationFailure(
                    .failed,
                    "another \(item.kind.kind) has the name \(item.name): its labels are not those of the workspace",
                    hint:
                        "Look at it with `kubectl get \(resource.plural) \(item.name) --namespace \(client.namespace)`, "
                        + "then delete it or change the name in the template.")
            }
            guard existing.isTerminating else { return existing }
            guard ContinuousClock.now < end else { throw Self.stuck([existing]) }
            do { try await Task.sleep(for: .seconds(1)) } catch { throw .canceled }
        }
    }

    // MARK: Readiness

    private enum Ending: Sendable {
        case ready([Value])
        case failed(OperationFailure)
        case late
    }

    private func waitUntilReady(
        _ plan: ObjectPlan, _ resources: [ObjectResource]
    ) async throws(OperationFailure) -> Outcome {
        let start = ContinuousClock.now
        let board = ObjectBoard()
        let ending = await withTaskGroup(of: Ending.self) { group in
            for resource in Set(resources) {
                let watch = ObjectWatch(
                    client: client, resource: resource, selector: selector, board: board, time: settings.watchTime)
                group.addTask { .failed(await watch.run()) }
            }
            group.addTask { await follow(plan, board) }
            group.addTask { [timeout = spec.readyTimeout] in
                (try? await Task.sleep(for: timeout)) == nil ? .failed(.canceled) : .late
            }
            let first = await group.next() ?? .failed(.canceled)
            group.cancelAll()
            return first
        }
        if Task.isCancelled { throw .canceled }
        switch ending {
        case .ready(let objects):
            log.note("all objects are ready after \((ContinuousClock.now - start).wholeMilliseconds) ms")
            return try ready(objects)
        case .failed(let failure): throw failure
        case .late: throw await late(plan, board)
        }
    }

    /// Waits until all objects are current, or one of them has failed.
    private func follow(_ plan: ObjectPlan, _ board: ObjectBoard) async -> Ending {
        var noted: [String: String] = [:]
        for await _ in board.changes {
            var objects: [Value] = []
            for item in plan.items {
                guard let object = board.object(item.kind, item.name) else { continue }
                let state = state(of: object)
                if state.phase == .failed { return .failed(await failure(item, object, state)) }
                if state.phase == .current { objects.append(object) }
                if noted.updateValue(state.message, forKey: item.reference) != state.message {
                    log.note("\(item.reference): \(state.message.isEmpty ? "ready" : state.message)")
                }
            }
            if objects.count == plan.items.count { return .ready(objects) }
        }
        return .failed(.canceled)
    }

    private func state(of object: Value) -> ObjectState {
        ObjectState(object, condition: spec.readyConditions[object.text("kind") ?? ""])
    }

    /// Returns the failure of a workspace that is not ready at the deadline. The first object that is not ready explains
    /// it, in the order of the template. An object whose state has a class of its own, for example a pod that no node takes,
    /// comes before the others, and a volume last, since it may wait for the node of its pod.
    private func late(_ plan: ObjectPlan, _ board: ObjectBoard) async -> OperationFailure {
        if let failure = board.failure { return failure }
        var waiting: [(item: ObjectPlan.Item, object: Value, state: ObjectState)] = []
        for item in plan.items {
            guard let object = board.object(item.kind, item.name) else {
                return OperationFailure(
                    .failed, "the \(item.kind.kind) \(item.name) was deleted before the workspace was ready")
            }
            let state = state(of: object)
            if state.phase != .current { waiting.append((item, object, state)) }
        }
        let first =
            waiting.first { $0.state.kind != .failed }
            ?? waiting.first { $0.item.kind.kind != "PersistentVolumeClaim" } ?? waiting.first
        if let first { return await failure(first.item, first.object, first.state) }
        return OperationFailure(.slow, "the objects became ready at the deadline")
    }

    /// Returns the failure of an object that is not ready, with the last event and the log of its pods.
    private func failure(_ item: ObjectPlan.Item, _ object: Value, _ state: ObjectState) async -> OperationFailure {
        let report =
            await within(.seconds(20)) { await FailureReport(client, item, object, state, redactor: redactor) }
            ?? FailureReport(item, state)
        log.note(report.details)
        let time =
            state.phase == .failed ? "is not ready" : "was not ready within \(spec.readyTimeout.prewarmText)"
        let cause = report.cause.isEmpty ? state.message : report.cause
        var failure = OperationFailure(
            report.kind, "the \(item.kind.kind) \(item.name) \(time): \(cause)",
            hint: state.phase == .failed
                ? nil : "Correct the objects in the template, or raise `readyTimeout` of provisioner \(settings.name).")
        failure.log = report.logs
        return failure
    }
}
