import PrewarmCore

extension OperationRunner {
    /// Performs a request. If the workspace of a running create or handover is to be deleted, the operation is ended, so
    /// that a newer revision does not wait for builds of an older one. The delete that follows
    /// removes the partly built workspace.
    func perform(
        _ request: ProvisionerRequest, by provisioner: any Provisioner,
        started: @escaping @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        guard request.operation == .create || request.operation == .claim else {
            return await provisioner.perform(request, started: started)
        }
        return await withTaskGroup(of: Step.self) { group in
            group.addTask { .replied(await provisioner.perform(request, started: started)) }
            group.addTask { await waitsUntilUnwanted(request.workspace.id) ? .unwanted : .stopped }
            var unwanted = false
            while let step = await group.next() {
                switch step {
                case .replied(let reply):
                    group.cancelAll()
                    return unwanted
                        ? ProvisionerReply(outcome: .tryLater("the workspace is no longer desired"), log: reply.log)
                        : reply
                case .unwanted:
                    unwanted = true
                    group.cancelAll()
                case .stopped: break
                }
            }
            return ProvisionerReply(outcome: .tryLater("the provisioner gave no answer"))
        }
    }

    private enum Step: Sendable {
        case replied(ProvisionerReply)
        case unwanted, stopped
    }

    /// Waits until the workspace is to be deleted. Returns false if the task is canceled first.
    private func waitsUntilUnwanted(_ workspace: WorkspaceID) async -> Bool {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let state = try? await engine.store.read { try $0.workspace(workspace.rawValue)?.state }
            if state == .deleting { return true }
        }
        return false
    }
}
