import PrewarmCore

extension OperationRunner {
    /// Performs it, and ends a create half-way whose workspace is to be deleted meanwhile: what a newer revision wants
    /// never waits for builds of an older one. The deletion that follows clears away what there is of it.
    func perform(
        _ request: ProvisionerRequest, by provisioner: any Provisioner,
        started: @escaping @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        guard request.operation == .create else { return await provisioner.perform(request, started: started) }
        return await withTaskGroup(of: Step.self) { group in
            group.addTask { .replied(await provisioner.perform(request, started: started)) }
            group.addTask { await waitsUntilUnwanted(request.workspace.id) ? .unwanted : .stopped }
            var unwanted = false
            while let step = await group.next() {
                switch step {
                case .replied(let reply):
                    group.cancelAll()
                    return unwanted
                        ? ProvisionerReply(outcome: .tryLater("it is not wanted any more"), log: reply.log) : reply
                case .unwanted:
                    unwanted = true
                    group.cancelAll()
                case .stopped: break
                }
            }
            return ProvisionerReply(outcome: .tryLater("nothing was answered"))
        }
    }

    private enum Step: Sendable {
        case replied(ProvisionerReply)
        case unwanted, stopped
    }

    /// False where it is cancelled before.
    private func waitsUntilUnwanted(_ workspace: WorkspaceID) async -> Bool {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let state = try? await engine.store.read { try $0.workspace(workspace.rawValue)?.state }
            if state == .deleting { return true }
        }
        return false
    }
}
