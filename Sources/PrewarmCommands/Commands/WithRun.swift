import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The run of a command with a claimed workspace: it renews the lease meanwhile, and releases the workspace at the end.
struct WithRun: Sendable {
    let session: Session
    let console: Console
    let relay: SignalRelay
    /// The document of the claimed workspace.
    let workspace: WorkspaceDocument

    private var id: String { workspace.id }
    private var name: String { workspace.name }

    /// Returns the exit code: that of the command, or ``ExitStatus/leaseLost``.
    func run(_ arguments: [String]) async -> Int32 {
        let command: ForegroundCommand
        do throws(ForegroundCommand.Failure) {
            command = try ForegroundCommand(arguments, environment: environment)
        } catch {
            console.error(CommandFailure("cannot run \(arguments[0]): \(error.message)"))
            return await release() ? error.code : ExitStatus.leaseLost.rawValue
        }
        relay.begin(command)
        let (code, isLost) = await withTaskGroup(of: Step.self) { group in
            group.addTask {
                let end = await command.end()
                if case .signaled = end { command.restoreTerminal() }
                return .ended(end.code)
            }
            group.addTask { .stopped(isLost: await keepLease()) }
            var (code, isLost) = (ExitStatus.failure.rawValue, false)
            for await step in group {
                switch step {
                case .ended(let end):
                    code = end
                    group.cancelAll()
                case .stopped(let lost): isLost = lost
                }
            }
            return (code, isLost)
        }
        relay.end()
        if isLost { return ExitStatus.leaseLost.rawValue }
        return await release() ? code : ExitStatus.leaseLost.rawValue
    }

    private enum Step: Sendable {
        /// The command ended with this code.
        case ended(Int32)
        /// The renewals ended.
        case stopped(isLost: Bool)
    }

    // MARK: Environment

    /// The environment of the command. Values with a NUL character cannot be passed on and are left out.
    private var environment: [String: String] {
        var variables = Environment.variables.filter {
            !$0.key.hasPrefix("PREWARM_META_") && !$0.key.hasPrefix("PREWARM_CREDENTIAL_")
        }
        variables["PREWARM_WORKSPACE_ID"] = id
        variables["PREWARM_WORKSPACE_NAME"] = name
        variables["PREWARM_ENDPOINT"] = workspace.endpoint
        for (key, value) in workspace.metadata?.pairs ?? [] {
            variables["PREWARM_META_" + key.variableName] = value
        }
        for (key, value) in workspace.credentials?.pairs ?? [] {
            variables["PREWARM_CREDENTIAL_" + key.variableName] = value
        }
        return variables.filter { !$0.value.utf8.contains(0) }
    }

    // MARK: Lease

    private static let shortestPause = Duration.milliseconds(300)
    private static let retryPause = Duration.seconds(5)

    /// Renews the lease until the task is canceled.
    /// - Returns: true if the claim has ended.
    private func keepLease() async -> Bool {
        guard var end = workspace.lease?.expiresAt else { return false }
        var hasWarned = false
        while true {
            var pause = max((end - (await session.now())) / 3, Self.shortestPause)
            if hasWarned { pause = min(pause, Self.retryPause) }
            guard (try? await Task.sleep(for: pause)) != nil else { return false }
            do {
                let renewed: WorkspaceDocument = try await session.post("workspaces", id, "renew", body: [:])
                end = renewed.lease?.expiresAt ?? end
                hasWarned = false
            } catch {
                guard !Task.isCancelled else { return false }
                let problem = Problem(error)
                if isOver(problem) {
                    reportLoss(problem)
                    return true
                }
                if problem?.code == "NoLease" { return false }
                if !hasWarned {
                    console.warning("cannot renew the lease of \(name): \(CommandFailure(error).message)")
                }
                hasWarned = true
            }
        }
    }

    /// Returns true if a problem says that the claim has ended.
    private func isOver(_ problem: Problem?) -> Bool {
        ["ClaimEnded", "NotClaimed", "UnknownWorkspace"].contains(problem?.code)
    }

    private func reportLoss(_ problem: Problem?) {
        console.error(
            CommandFailure("lost the workspace \(name): \(problem?.message ?? "its claim has ended")", code: .leaseLost)
        )
    }

    /// Releases the workspace.
    /// - Returns: false if the claim had ended before.
    private func release() async -> Bool {
        var failure: (any Error)?
        for attempt in 0..<3 {
            if attempt > 0 { try? await Task.sleep(for: .seconds(1)) }
            do {
                let released: WorkspaceDocument = try await session.post("workspaces", id, "release", body: [:])
                console.step(.success, "released \(name)")
                try await DeletionRun(session: session, console: console).finish(released)
                return true
            } catch let error as CommandFailure {
                console.warning("\(error.message)", hint: error.hint.map { TerminalText($0) })
                return true
            } catch {
                let problem = Problem(error)
                if isOver(problem) {
                    reportLoss(problem)
                    return false
                }
                failure = error
                if let problem, problem.status < 500 { break }
            }
        }
        if let failure {
            console.warning(
                "cannot release \(name): \(CommandFailure(failure).message)",
                hint: "release it later: `prewarm release \(name)`")
        }
        return true
    }
}
