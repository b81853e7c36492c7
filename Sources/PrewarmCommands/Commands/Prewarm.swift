package import ArgumentParser
import PrewarmCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The command `prewarm` with its subcommands.
package struct Prewarm: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "prewarm",
        abstract: "Keep pools of ready developer workspaces at the size that git defines.",
        discussion: HelpTopic.overview,
        version: prewarmVersion,
        groupedSubcommands: [
            CommandGroup(
                name: "Setup",
                subcommands: [
                    InitCommand.self, ValidateCommand.self, DoctorCommand.self, ProvisionerCommand.self,
                    ConfigCommand.self,
                ]),
            CommandGroup(name: "Connect", subcommands: [LoginCommand.self, LogoutCommand.self, ContextCommand.self]),
            CommandGroup(
                name: "Reconcile",
                subcommands: [
                    PlanCommand.self, DiffCommand.self, SyncCommand.self, ServeCommand.self, ApproveCommand.self,
                    RetryCommand.self,
                    ReplaceCommand.self, SuspendCommand.self, ResumeCommand.self, PinCommand.self, UnpinCommand.self,
                    AdoptCommand.self,
                ]),
            CommandGroup(
                name: "Inspect",
                subcommands: [
                    StatusCommand.self, TopCommand.self, GetCommand.self, DescribeCommand.self, LogsCommand.self,
                    ReportCommand.self,
                    ExportCommand.self,
                ]),
            CommandGroup(
                name: "Claim",
                subcommands: [
                    ClaimCommand.self, WithCommand.self, CredentialsCommand.self, RenewCommand.self,
                    ReleaseCommand.self,
                    TransferCommand.self, HoldCommand.self, RevokeCommand.self,
                ]),
            CommandGroup(name: "Store", subcommands: [BackupCommand.self, StoreCommand.self]),
            CommandGroup(name: "Daemon", subcommands: [DashboardCommand.self, TokenCommand.self, WebhookCommand.self]),
            CommandGroup(
                name: "Reference",
                subcommands: [
                    SchemaCommand.self, CompletionCommand.self, ManualCommand.self, VersionCommand.self,
                ]),
        ])

    package init() {}

    /// Runs the process. SIGPIPE is ignored, so that prewarm does not die if the reader of its output ends.
    package static func start() async {
        signal(SIGPIPE, SIG_IGN)
        MemoryService.shareArenas()
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            if arguments.first == "---completion" {
                NameCompletion.limitProcess()
                _ = try await asyncParseAsRoot(arguments)
            }
            if let topic = HelpTopic(arguments: arguments) {
                Console.standard.write(topic.text)
                if Console.tellLoss() { Glibc.exit(ExitStatus.failure.rawValue) }
                return
            }
            if arguments == ["--version"] { return Console.standard.write("\(TerminalText(prewarmVersion))\n") }
            try checkNames(in: arguments)
            // From here on, the process needs threads: also the parser waits, for completions that ask a daemon.
            try EventLoopCheck.run(
                loops: EventLoopCheck.least, threads: EventLoopCheck.leastThreads - EventLoopCheck.least)
            var command = try await parse(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            if Console.tellLoss() { Glibc.exit(ExitStatus.failure.rawValue) }
        } catch let failure as CommandFailure {
            Console.standard.error(failure)
            Glibc.exit(failure.code.rawValue)
        } catch {
            end(with: error)
        }
    }

    /// Parses the arguments with only the command that the first word names. If that fails, or the first word is no
    /// command, it parses them with all commands.
    ///
    /// For each command type, ArgumentParser looks up protocol conformances at runtime. For all commands together, that
    /// takes a third of the time of a short command.
    private static func parse(_ arguments: [String]) async throws -> any ParsableCommand {
        if let name = arguments.first,
            let named = configuration.subcommands.first(where: { $0.configuration.commandName == name }),
            let command = try? await parse(Array(arguments.dropFirst()), with: named), type(of: command) == named
        {
            return command
        }
        return try await asyncParseAsRoot(arguments)
    }

    private static func parse(
        _ arguments: [String], with command: any ParsableCommand.Type
    ) async throws -> any ParsableCommand {
        if let command = command as? any AsyncParsableCommand.Type {
            return try await command.asyncParseAsRoot(arguments)
        }
        return try command.parseAsRoot(arguments)
    }

    /// Returns the choice that was probably meant, from the parser's message about a value with a list of choices.
    private static func closeChoice(in message: String) -> String? {
        let lines = message.split(separator: "\n")
        guard let start = lines.first?.firstRange(of: "The value '"),
            let end = lines[0].firstRange(of: "' is invalid for"), start.upperBound <= end.lowerBound
        else { return nil }
        // A short list is on the same line, each choice in quotes. A longer one has a line for each: `  - presets`.
        let quoted = lines[0][end.upperBound...].split(separator: "'", omittingEmptySubsequences: false).enumerated()
        let choices =
            quoted.filter { $0.offset % 2 == 1 }.map { String($0.element) }
            + lines.dropFirst().filter { $0.hasPrefix("  - ") }.map { String($0.dropFirst(4)) }
        return choices.closest(to: String(lines[0][start.upperBound..<end.lowerBound]))
    }

    /// Prints the help, or the usage error with `error:` in front as in all errors, and ends the process.
    private static func end(with error: any Error) -> Never {
        let code = exitCode(for: error)
        // An option with a misspelled name makes another error, too: its value is one argument too many, or it is missing.
        if code == .validationFailure, let failure = UnknownOption.failure(in: CommandLine.arguments.dropFirst()) {
            Console.standard.error(failure)
            Glibc.exit(failure.code.rawValue)
        }
        let text = fullMessage(for: error).replacing(GlobalOptions.usage, with: "[<options>]")
        if code.isSuccess {
            Console.standard.write(text.isEmpty ? "" : "\(TerminalText(lines: text))\n")
            if Console.tellLoss() { Glibc.exit(ExitStatus.failure.rawValue) }
        } else if !text.isEmpty {
            let word = "Error: "
            let shown = text.hasPrefix(word) ? "error: " + text.dropFirst(word.count) : text
            let hint = closeChoice(in: text).map { "\nhint: did you mean '\($0)'?" } ?? ""
            Console.standard.draw("\(TerminalText(lines: shown + hint))\n")
        }
        Glibc.exit(code.rawValue)
    }
}

let prewarmVersion = "0.1.0"

/// Runs the body of a command. If the body throws, the error is printed once and becomes the exit code. The first SIGINT
/// or SIGTERM cancels the body.
/// - Parameters:
///   - runsUntilSignal: True if the command only ends by a signal, so that a signal prints no error.
///   - handlesSignals: True if the body itself calls ``withInterruption(_:)``, because it has to clean up afterwards.
func finish(
    _ global: GlobalOptions, runsUntilSignal: Bool = false, handlesSignals: Bool = false,
    _ body: @escaping @Sendable (Console) async throws -> Void
) async throws {
    try await finish(global.log, runsUntilSignal: runsUntilSignal, handlesSignals: handlesSignals, body)
}

/// Runs the body of a command that reads no configuration.
func finish(
    _ log: LogOptions, runsUntilSignal: Bool = false, handlesSignals: Bool = false,
    _ body: @escaping @Sendable (Console) async throws -> Void
) async throws {
    let console = log.console
    defer { CommandStore.close() }
    do {
        if handlesSignals { try await body(console) } else { try await withInterruption { try await body(console) } }
    } catch let code as ExitCode {
        throw code
    } catch let interruption as Interruption where runsUntilSignal {
        throw interruption.code.exitCode
    } catch {
        let failure = CommandFailure(error)
        console.error(failure)
        throw failure.code.exitCode
    }
}
