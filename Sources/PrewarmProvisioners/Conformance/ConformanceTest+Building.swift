import PrewarmCore
import PrewarmEngine

/// The checks of `create` and `inspect`.
extension ConformanceTest {
    /// - Returns: The time that the create took; nil if the workspace cannot be used for further checks.
    func checkBuild(_ workspace: Workspace) async throws -> Duration? {
        let start = ContinuousClock.now
        let outcome = try await build(workspace)
        let time = ContinuousClock.now - start
        guard case .done(let endpoint, _) = outcome else {
            if calls.all.contains(where: { $0.operation == .create && $0.hasInvalidAnswer }) {
                conclude(.create, .skipped, "the answer cannot be read")
                conclude(.output, .failed, outcome.inWords)
            } else {
                conclude(.create, .failed, outcome.inWords)
            }
            return nil
        }
        conclude(
            .create, .passed, "a workspace is ready after \(time.shortText)" + (endpoint.map { " at \($0)" } ?? ""))
        try await checkSecondBuild(of: workspace, endpoint: endpoint)
        checkStore(of: try await checkList(has: workspace, exists: true, .listCreated))
        if provisioner.operations.contains(.inspect) {
            switch try await call(.inspect, workspace).outcome {
            case .done: conclude(.inspectCreated, .passed, "`inspect` answers `ready`")
            case let outcome:
                conclude(.inspectCreated, .failed, "`inspect` of a ready workspace: \(outcome.inWords)")
            }
        } else {
            conclude(.inspectCreated, .skipped, "the provisioner does not offer `inspect`")
        }
        return time
    }

    private func checkSecondBuild(of workspace: Workspace, endpoint: String?) async throws {
        switch try await build(workspace, attempt: 2) {
        case .done(let second, _) where second == endpoint:
            conclude(.createAgain, .passed, "the second `create` answers with the same endpoint")
        case .done(let second, _):
            conclude(
                .createAgain, .failed,
                "the second `create` answers with \(second ?? "no endpoint"), the first one with "
                    + (endpoint ?? "no endpoint"))
        case let outcome: conclude(.createAgain, .failed, "the second `create` with the same ID: \(outcome.inWords)")
        }
    }

    /// Creates a workspace, and inspects it until it is no longer starting.
    func build(_ workspace: Workspace, attempt: Int = 1) async throws -> Outcome {
        var outcome = try await call(.create, workspace, attempt: attempt).outcome
        guard case .starting = outcome else { return outcome }
        guard provisioner.operations.contains(.inspect) else {
            return .failed("the answer is `starting`, but the provisioner does not offer `inspect`")
        }
        let endpoint = outcome.endpoint
        let deadline = ContinuousClock.now + subject.readyTimeout
        var pause = Duration.milliseconds(500)
        while case .starting = outcome {
            guard .now < deadline else {
                return .failed("the workspace is not ready after \(subject.readyTimeout.prewarmText)")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(10))
            outcome = try await call(.inspect, workspace).outcome
        }
        guard case .done(let last, let metadata) = outcome else { return outcome }
        return .done(endpoint: last ?? endpoint, metadata: metadata)
    }
}

extension Duration {
    /// The duration in milliseconds if it is short, otherwise in seconds or more.
    fileprivate var shortText: String {
        self < .seconds(1) ? "\(Int(self / .milliseconds(1)))ms" : Duration.seconds(components.seconds).prewarmText
    }
}
