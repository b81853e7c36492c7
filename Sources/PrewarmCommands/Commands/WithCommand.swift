import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import UnixSignals

struct WithCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "with",
        abstract: "Claim a workspace, run a command with it, and release it.",
        discussion: """
            The command gets PREWARM_WORKSPACE_ID, PREWARM_WORKSPACE_NAME and PREWARM_ENDPOINT, a variable PREWARM_META_* for \
            each metadata value, and a variable PREWARM_CREDENTIAL_* for each credential. While it runs, `with` renews the \
            lease. `with` passes SIGINT, SIGTERM and SIGHUP on, waits for the end of the command, releases the workspace, and \
            exits with the status of the command. If the claim ended before, it exits with code 4.

            Examples:
              prewarm with go-small --owner ci -- make test
              prewarm with --select lang=go --owner ci -- make test
              prewarm with go-small --owner ci --wait 10m --for 1h -- sh -c 'ssh "$PREWARM_ENDPOINT" make test'
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var claim: ClaimOptions

    @OptionGroup var parameters: ClaimParameterOptions

    @Argument(parsing: .postTerminator, help: "The command and its arguments, after `--`.")
    var command: [String] = []

    func validate() throws {
        if command.isEmpty {
            throw ValidationError(
                "missing command: write it after --, for example `prewarm with \(claim.preset ?? "go-small") -- make test`"
            )
        }
        try claim.requireOwner(global)
    }

    func run() async throws {
        let console = global.console
        defer { CommandStore.close() }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup, .sigquit)
        let relay = SignalRelay()
        let code = await withTaskGroup(of: Int32?.self) { group in
            group.addTask {
                do {
                    return try await use(relay, console)
                } catch {
                    let failure = CommandFailure(error)
                    console.error(failure)
                    return failure.code.code
                }
            }
            group.addTask {
                for await signal in signals { relay.take(signal.rawValue) }
                return nil
            }
            defer { group.cancelAll() }
            for await code in group { if let code { return code } }
            return ExitStatus.failure.rawValue
        }
        if code != 0 { throw ExitCode(code) }
    }

    /// Claims, runs the command and releases.
    /// - Returns: the exit code.
    private func use(_ relay: SignalRelay, _ console: Console) async throws -> Int32 {
        let session = try await Session.open(global)
        try await parameters.refuseSecretArguments(of: claim.preset, in: session)
        var generator = SystemRandomNumberGenerator()
        let key = "with-\(String(generator.next(), radix: 36))\(String(generator.next(), radix: 36))"
        let steps = claim.steps(session, try parameters.values(), idempotencyKey: key)
        let workspace: WorkspaceDocument
        switch await claimed(by: steps, relay, console) {
        case .success(let claimed): workspace = claimed
        case .failure(let error):
            if mayHaveClaimed(after: error) { await giveBack(key, session, console) }
            if let signal = relay.first { return 128 + signal }
            throw error
        }
        if let error = workspace.handoverError {
            await giveBack(key, session, console)
            throw CommandFailure("cannot hand over \(workspace.name): \(error.printable)")
        }
        console.step(.success, "claimed \(workspace.name) for \(workspace.owner ?? "")")
        workspace.noteClamp(console)
        workspace.noteChoice(console)
        return await WithRun(session: session, console: console, relay: relay, workspace: workspace).run(command)
    }

    /// Claims a workspace, or stops at the first signal.
    private func claimed(
        by steps: ClaimSteps, _ relay: SignalRelay, _ console: Console
    ) async -> Result<WorkspaceDocument, any Error> {
        await withTaskGroup(of: Result<WorkspaceDocument, any Error>.self) { group in
            group.addTask {
                do { return .success(try await steps.run(console)) } catch { return .failure(error) }
            }
            group.addTask {
                await relay.arrival()
                return .failure(CancellationError())
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(CancellationError())
        }
    }

    /// Returns true if the claim may have been granted although the request failed.
    private func mayHaveClaimed(after error: any Error) -> Bool {
        if let failure = error as? CommandFailure { return failure.code != .nothingReady }
        return Problem(error).map { $0.status >= 500 } ?? true
    }

    /// The number of looks for the workspace of a claim whose answer did not arrive. The daemon may still be handling it.
    private static let looks = 5

    /// Releases the workspace of a claim whose answer did not arrive. The key finds it, and never takes another one.
    private func giveBack(_ key: String, _ session: Session, _ console: Console) async {
        await Task {
            for look in 0..<Self.looks {
                if look > 0 { try? await Task.sleep(for: .milliseconds(300)) }
                let found: [WorkspaceDocument]? = try? await session.get(
                    "workspaces", query: ["idempotencyKey": key, "state": WorkspaceState.claimed.rawValue])
                guard let id = found?.first?.id else { continue }
                let released: WorkspaceDocument? = try? await session.post("workspaces", id, "release", body: [:])
                guard let released else { return }
                try? await DeletionRun(session: session, console: console).finish(released)
                return
            }
        }.value
    }
}
