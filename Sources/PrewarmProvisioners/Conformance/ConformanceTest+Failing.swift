import PrewarmCore
import PrewarmEngine

/// The checks of calls that fail or are ended.
extension ConformanceTest {
    func checkInvalid() async throws {
        let workspace = nextWorkspace(subject.invalid)
        let reply = try await call(.create, workspace)
        var hasFailed = true
        switch reply.outcome {
        case .refused(let error) where error.kind == .invalid:
            conclude(.createInvalid, .passed, "the error has the class `invalid`: \(firstLine(of: error.message))")
        case .refused(let error):
            conclude(
                .createInvalid, .failed,
                "the error has the class `\(error.kind.rawValue)`, so prewarm tries the `create` again and again: "
                    + firstLine(of: error.message))
        case .tryLater(let message):
            conclude(
                .createInvalid, .failed,
                "the `create` asks for another try, so prewarm tries it again and again: \(firstLine(of: message))")
        case .failed(let message) where calls.all.last?.timedOut == true:
            conclude(.createInvalid, .failed, firstLine(of: message))
        case .failed(let message) where reply.log.allSatisfy(\.isWhitespace) && provisioner is CommandProvisioner:
            conclude(
                .createInvalid, .failed,
                "the `create` fails without a cause on standard error: \(firstLine(of: message))")
        case .failed(let message), .broken(let message):
            conclude(.createInvalid, .warning, "the error has no class: \(firstLine(of: message))")
        case .done, .starting, .lost:
            hasFailed = false
            conclude(
                .createInvalid, .skipped, "the provisioner accepts the invalid definition",
                hint: "Name a value that it has to refuse, for example `--invalid cpu=-1`.")
        }
        try await checkDeletion(ofInvalid: workspace, isFailed: hasFailed)
    }

    private func checkDeletion(ofInvalid workspace: Workspace, isFailed: Bool) async throws {
        let outcome = try await call(.delete, workspace).outcome
        guard isFailed else { return conclude(.deleteFailed, .skipped, "no `create` failed") }
        guard case .done = outcome else {
            return hasFailed(.deleteUnknown)
                ? conclude(.deleteFailed, .skipped, "`delete-unknown` failed")
                : conclude(.deleteFailed, .failed, "`delete` after a failed `create`: \(outcome.inWords)")
        }
        if hasPassed(.list), !hasFailed(.listDeleted) {
            try await checkList(has: workspace, exists: false, .deleteFailed)
        } else {
            conclude(.deleteFailed, .passed, "`delete` succeeds")
        }
    }

    /// Ends a create while it runs, creates the workspace again, and deletes it in the way of an orphan.
    /// - Parameter time: The time that a create takes.
    func checkStop(lasting time: Duration) async throws {
        var workspace = nextWorkspace()
        var pause = min(time / 2, .seconds(3))
        var isStopped = false
        for _ in 0..<3 where !isStopped {
            isStopped = try await stop(workspace, after: pause)
            if isStopped { break }
            _ = try await call(.delete, workspace)
            workspace = nextWorkspace()
            pause = pause / 4
        }
        guard isStopped else {
            conclude(.stop, .skipped, "`create` is too short to be ended while it runs")
            conclude(.createStopped, .skipped, "no `create` was ended")
            return try await checkOrphan(workspace, isBuilt: false)
        }
        calls.all.last { $0.operation == .create }?.wasKilled == true
            ? conclude(.stop, .failed, "a `create` did not end within the grace time after SIGTERM, and was killed")
            : conclude(.stop, .passed, "a `create` ends after SIGTERM")
        let outcome = try await build(workspace, attempt: 2)
        if case .done = outcome {
            conclude(.createStopped, .passed, "the next `create` of the workspace succeeds")
        } else if hasFailed(.createAgain) {
            // The create may have been ended after its last step.
            conclude(.createStopped, .skipped, "`create-again` failed")
        } else {
            conclude(.createStopped, .failed, "the next `create` of the workspace: \(outcome.inWords)")
        }
        try await checkOrphan(workspace, isBuilt: true)
    }

    /// Starts a create and cancels it.
    /// - Returns: False if it ended before.
    private func stop(_ workspace: Workspace, after pause: Duration) async throws -> Bool {
        note(workspace)
        let (provisioner, request) = (provisioner, request(.create, workspace))
        let (starts, start) = AsyncStream.makeStream(of: Void.self)
        let hasStarted = provisioner is CommandProvisioner
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                let reply = await provisioner.perform(request) { _ in start.yield() }
                start.finish()
                guard case .tryLater = reply.outcome else { return false }
                return true
            }
            group.addTask {
                if hasStarted { for await _ in starts { break } }
                try? await Task.sleep(for: pause)
                return true
            }
            let isPaused = try await group.next() ?? false
            group.cancelAll()
            let second = try await group.next() ?? false
            try Task.checkCancellation()
            return isPaused && second
        }
    }

    private func checkOrphan(_ workspace: Workspace, isBuilt: Bool) async throws {
        if !isBuilt {
            guard case .done = try await build(workspace) else {
                return conclude(.deleteOrphan, .skipped, "no workspace was created")
            }
        }
        let spec = WorkspaceSpec(template: "", version: "", provisioner: subject.spec.provisioner, parameters: [:])
        let orphan = Workspace(
            id: workspace.id, preset: subject.preset, spec: spec, fingerprint: spec.fingerprint, state: .deleting,
            createdAt: workspace.createdAt)
        switch try await call(.delete, orphan).outcome {
        case .done: conclude(.deleteOrphan, .passed, "`delete` succeeds")
        case let outcome:
            conclude(.deleteOrphan, .failed, "`delete` without a template and parameters: \(outcome.inWords)")
        }
    }

    /// Judges what the calls have in common.
    func checkCalls() {
        guard provisioner is CommandProvisioner else {
            conclude(.output, .skipped, "the provisioner runs no command of yours")
            return conclude(.background, .skipped, "the provisioner runs no command of yours")
        }
        if !hasFailed(.output) {
            let noisy = operations { $0.hasTextBeforeAnswer }
            noisy.isEmpty
                ? conclude(.output, .passed, "each answer is one JSON object or nothing")
                : conclude(.output, .warning, "there is text before the answer of \(noisy)")
        }
        let holding = operations { $0.leftPipesOpen }
        holding.isEmpty
            ? conclude(.background, .passed, "the output of each call ends with the call")
            : conclude(.background, .warning, "a process that \(holding) left running holds the output of the call")
    }

    private func operations(_ isMeant: (CommandCall) -> Bool) -> String {
        let found = Set(calls.all.filter(isMeant).map(\.operation))
        return ProvisionerOperation.allCases.filter(found.contains).map { "`\($0.rawValue)`" }.joined(separator: ", ")
    }

    private func firstLine(of text: String) -> String {
        String(text.split(whereSeparator: \.isNewline).first ?? "")
    }
}
