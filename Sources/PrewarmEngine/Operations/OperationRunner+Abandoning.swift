import PrewarmCore

extension OperationRunner {
    /// Performs a request, and ends it early if something more urgent waits for it. A running create, handover or inspect ends
    /// if its workspace is to be deleted, so that a newer revision does not wait for builds of an older one. The delete that
    /// follows removes the partly built workspace. An inspect also ends if a handover waits for it.
    func perform(
        _ request: ProvisionerRequest, by provisioner: any Provisioner,
        started: @escaping @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        guard [.create, .claim, .inspect].contains(request.operation) else {
            return await provisioner.perform(request, started: started)
        }
        let isInspect = request.operation == .inspect
        return await withTaskGroup(of: Step.self) { group in
            group.addTask { .replied(await provisioner.perform(request, started: started)) }
            group.addTask { await isUnwanted(request.workspace.id, isInspect: isInspect) ? .unwanted : .stopped }
            var unwanted = false
            while let step = await group.next() {
                switch step {
                case .replied(let reply):
                    group.cancelAll()
                    guard unwanted, reply.isUnanswered || reply.isNotStarted else { return reply }
                    return ProvisionerReply(
                        outcome: .tryLater("the workspace is no longer desired"), log: reply.log,
                        isNotStarted: reply.isNotStarted, isUnanswered: reply.isUnanswered)
                case .unwanted:
                    unwanted = true
                    group.cancelAll()
                case .stopped: break
                }
            }
            return ProvisionerReply(outcome: .tryLater("the provisioner gave no answer"), isUnanswered: true)
        }
    }

    private enum Step: Sendable {
        case replied(ProvisionerReply)
        case unwanted, stopped
    }

    /// Waits until the operation of a workspace has to end early. Returns false if the task is canceled first.
    private func isUnwanted(_ id: WorkspaceID, isInspect: Bool) async -> Bool {
        while (try? await engine.clock.sleep(for: isInspect ? .milliseconds(200) : .seconds(1))) != nil {
            guard let workspace = try? await engine.store.read({ try $0.workspace(id.rawValue) }) else { continue }
            if workspace.state == .deleting || isInspect && workspace.isAwaitingHandover { return true }
        }
        return false
    }
}

extension Workspace {
    /// True if the workspace is ready, and its owner waits for the handover.
    fileprivate var isAwaitingHandover: Bool { state == .claimed && readyAt != nil && handover == .pending }
}
