import PrewarmCore
import PrewarmEngine

/// The checks of `list`, and of calls about a workspace that does not exist.
extension ConformanceTest {
    func checkList() async throws {
        guard provisioner.operations.contains(.list) else {
            return conclude(.list, .skipped, "the provisioner does not offer `list`")
        }
        do throws(ProvisionerFailure) {
            let count = try await provisioner.list().count
            conclude(.list, .passed, "`list` has \(count.counted("workspace"))")
        } catch {
            try Task.checkCancellation()
            conclude(.list, .failed, error.message, hint: error.hint)
        }
    }

    func checkUnknown(_ workspace: Workspace) async throws {
        if provisioner.operations.contains(.inspect) {
            let outcome = try await call(.inspect, workspace).outcome
            outcome == .lost
                ? conclude(.inspectUnknown, .passed, "`inspect` answers `lost`")
                : conclude(
                    .inspectUnknown, .failed, "`inspect` of a workspace that does not exist: \(outcome.inWords)")
        } else {
            conclude(.inspectUnknown, .skipped, "the provisioner does not offer `inspect`")
        }
        switch try await call(.delete, workspace).outcome {
        case .done: conclude(.deleteUnknown, .passed, "`delete` succeeds")
        case let outcome:
            conclude(.deleteUnknown, .failed, "`delete` of a workspace that does not exist: \(outcome.inWords)")
        }
    }

    /// Checks that the list has a workspace once, or that it no longer has it.
    /// - Returns: The entry of an existing workspace; nil if the check did not pass.
    @discardableResult
    func checkList(has workspace: Workspace, exists: Bool, _ check: ConformanceCheck) async throws -> ListedWorkspace? {
        guard let entries = try await entries(of: workspace, for: check) else { return nil }
        let problem: String? =
            switch (exists, entries.count) {
            case (false, 0): nil
            case (false, _): "`list` still has the workspace \(workspace.id)"
            case (true, 0): "`list` does not have the workspace \(workspace.id)"
            case (true, 1): Self.problem(with: entries[0])
            case (true, let count): "`list` has the workspace \(workspace.id) \(count) times"
            }
        if let problem {
            conclude(check, .failed, problem)
            return nil
        }
        let state = entries.first?.state.map { " as \($0.printable)" } ?? ""
        conclude(check, .passed, exists ? "`list` has the workspace\(state)" : "`list` no longer has the workspace")
        return entries.first
    }

    /// Returns the entries of a workspace that count as existing; nil after a finding if there is no list.
    private func entries(of workspace: Workspace, for check: ConformanceCheck) async throws -> [ListedWorkspace]? {
        guard hasPassed(.list) else {
            conclude(check, .skipped, hasFailed(.list) ? "`list` failed" : "the provisioner does not offer `list`")
            return nil
        }
        do throws(ProvisionerFailure) {
            return try await provisioner.list().filter {
                $0.id == workspace.id && ListedState($0.state).isThere
            }
        } catch {
            try Task.checkCancellation()
            conclude(check, .failed, "`list` failed: \(error.message)", hint: error.hint)
            return nil
        }
    }

    private static func problem(with entry: ListedWorkspace) -> String? {
        switch ListedState(entry.state) {
        case .well, .gone: nil
        case .broken(let state): "`list` has the ready workspace as \(state)"
        case .unknown(let state): "`list` has the workspace in the unknown state \"\(state.printable)\""
        }
    }

    func checkStore(of entry: ListedWorkspace?) {
        guard let entry else { return conclude(.listStore, .skipped, "there is no entry of the list to check") }
        switch entry.store {
        case subject.store: conclude(.listStore, .passed, "the entry has the `store` of the `create`")
        case nil: conclude(.listStore, .warning, "the entry of the list has no `store`")
        case let store?:
            conclude(
                .listStore, .failed,
                "the entry of the list has the store \"\(store.printable.limited(to: 64))\", not \(subject.store)")
        }
    }
}
