package import ArgumentParser
import PrewarmCore

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
            var command = try parse(Array(CommandLine.arguments.dropFirst()))
            if var asynchronous = command as? any AsyncParsableCommand {
                // From here on threads are needed.
                try EventLoopCheck.run(loops: EventLoopCheck.least)
                try await asynchronous.run()
            } else {
                try command.run()
            }
            if Console.tellLoss() { Glibc.exit(1) }
        } catch let failure as CommandFailure {
            Console.standard.error(failure)
            Glibc.exit(failure.code)
        } catch {
            end(with: error)
        }
    }

    /// Asks the command that the first word names alone; what it does not take as it stands is for all of them.
    ///
    /// ArgumentParser asks the runtime for each type that it meets whether it has some protocol, and each time that reads
    /// all conformances of the program: a third of a short command's time, most of it for commands that nobody named.
    private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        if let name = arguments.first,
            let named = configuration.subcommands.first(where: { $0.configuration.commandName == name }),
            let command = try? named.parseAsRoot(Array(arguments.dropFirst())), type(of: command) == named
        {
            return command
        }
        return try parseAsRoot(arguments)
    }

    /// As every other error, wrong usage begins with `error:`.
    private static func end(with error: any Error) -> Never {
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
        if code.isSuccess {
            Console.standard.write(text.isEmpty ? "" : "\(TerminalText(lines: text))\n")
            if Console.tellLoss() { Glibc.exit(1) }
        } else if !text.isEmpty {
            let word = "Error: "
            let shown = text.hasPrefix(word) ? "error: " + text.dropFirst(word.count) : text
            Console.standard.draw("\(TerminalText(lines: shown))\n")
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
        console.error(failure)
        throw ExitCode(failure.code)
    }
}
