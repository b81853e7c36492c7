import ArgumentParser
import Logging
import PrewarmCore
import PrewarmEngine
import PrewarmServer
import ServiceLifecycle
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the daemon: pull, reconcile and act in a loop, and serve the API.",
        discussion: """
            SIGTERM ends it in order: nothing new is begun, operations under way get their grace time and are then \
            given back. A second one, a second or more later, ends it at once. SIGHUP reads the \
            configuration again; a bad one changes nothing.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "Listen here in place of what the configuration says; port 0 is any that is free.", valueName: "host:port"))
    var listen: String?

    @Option(
        help: ArgumentHelp("How long operations may go on after SIGTERM; 30s unless it is said.", valueName: "duration")
    )
    var grace: DurationArgument?

    func validate() throws {
        if global.server != nil { throw ValidationError("serve is the daemon: it goes without --server") }
    }

    func run() async throws {
        let console = global.console
        defer { CommandStore.close() }
        do {
            try await serve()
        } catch {
            let failure = CommandFailure(error)
            console.error(failure)
            throw ExitCode(failure.code)
        }
    }

    private func serve() async throws {
        FileLimit.raise()
        try EventLoopCheck.run()
        let logger = Logger.prewarm(
            format: global.logFormat == .json ? .json : .text, level: global.logLevel, now: { .now })
        let systemd = Systemd(Environment.variables)
        let grace = grace?.duration ?? .seconds(30)
        let assembly = try await DaemonAssembly(
            global, listen: try listen.map { try ListenAddress($0) }, grace: grace, systemd: systemd, logger: logger)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        // The last one is stopped first.
        let services: [any Service] = [
            assembly.daemon, assembly.notifier, SystemdService(systemd: systemd, daemon: assembly.daemon),
            ReloadService(assembly: assembly), MemoryService(), assembly.http,
            EndOfPatience(daemon: assembly.daemon, grace: grace, logger: logger),
        ]
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        configuration.maximumGracefulShutdownDuration = grace + EndOfPatience.orderly
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error where "\(error)".contains("Address already in use") {
            throw CommandFailure(
                "the address is in use already",
                hint: "another daemon may run; --listen or server.listen name another one")
        }
        logger.notice("stopped")
    }
}

/// Ends the process where the daemon does not end in order: at a second signal, and some seconds after the grace time,
/// where something hangs that cannot be interrupted. What was under way is carried on by the next start.
private struct EndOfPatience: Service {
    /// After the grace time: for what is given back, and in all.
    static let orderly = Duration.seconds(10)
    private static let longest = Duration.seconds(15)

    let daemon: Daemon
    let grace: Duration
    let logger: Logger

    func run() async throws {
        try await gracefulShutdown()
        endAtNextSignal()
        endProcess(after: grace + Self.longest) { [daemon, logger] in
            let hangs = daemon.progress.hangs.map(\.loop).joined(separator: ", ")
            logger.error("the daemon did not end in time and is ended", metadata: ["hanging": "\(hangs)"])
        }
    }
}
