package import ArgumentParser

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The command line (CLI.md is its contract).
package struct Prewarm: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "prewarm",
        abstract: "Keeps pools of ready-made developer workspaces at the size that a git repository says.",
        version: prewarmVersion,
        groupedSubcommands: [
            CommandGroup(name: "Start", subcommands: [InitCommand.self, ValidateCommand.self, DoctorCommand.self]),
            CommandGroup(
                name: "Reconcile",
                subcommands: [
                    PlanCommand.self, SyncCommand.self, ServeCommand.self, ApproveCommand.self, RetryCommand.self,
                    SuspendCommand.self,
                    ResumeCommand.self, PinCommand.self, UnpinCommand.self, AdoptCommand.self,
                ]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    StatusCommand.self, GetCommand.self, DescribeCommand.self, LogsCommand.self, ExportCommand.self,
                ]),
            CommandGroup(name: "Use", subcommands: [ClaimCommand.self, ReleaseCommand.self]),
            CommandGroup(name: "Serve", subcommands: [TokenCommand.self, WebhookCommand.self]),
            CommandGroup(name: "Reference", subcommands: [SchemaCommand.self, VersionCommand.self]),
        ])

    package init() {}

    /// The process: a reader that goes away is no reason to die.
    package static func start() async {
        signal(SIGPIPE, SIG_IGN)
        MemoryService.shareArenas()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// As every other error, wrong usage begins with `error:`.
    private static func end(with error: any Error) -> Never {
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
        if code.isSuccess {
            Console.standard.write(text.isEmpty ? "" : text + "\n")
        } else if !text.isEmpty {
            let word = "Error: "
            Console.standard.draw((text.hasPrefix(word) ? "error: " + text.dropFirst(word.count) : text) + "\n")
        }
        Glibc.exit(code.rawValue)
    }
}

let prewarmVersion = "0.1.0"

/// Runs a command's body; whatever it throws becomes one message and one exit code. A first SIGINT or SIGTERM ends the
/// body in order.
/// - Parameter goesOn: it ends by a signal only, which is then nothing to tell.
func finish(
    _ global: GlobalOptions, goesOn: Bool = false, _ body: @escaping @Sendable (Console) async throws -> Void
) async throws {
    let console = global.console
    defer { CommandStore.close() }
    do {
        try await withInterruption { try await body(console) }
    } catch let code as ExitCode {
        throw code
    } catch let interruption as Interruption where goesOn {
        throw ExitCode(interruption.code)
    } catch {
        let failure = CommandFailure(error)
        console.error(failure.message, hint: failure.hint)
        throw ExitCode(failure.code)
    }
}
