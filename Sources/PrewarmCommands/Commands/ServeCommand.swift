import ArgumentParser
import Logging
import NIOCore
import PrewarmCore
import PrewarmEngine
import PrewarmProvisioners
import PrewarmServer
import ServiceLifecycle
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the daemon: reconcile all sources continuously and serve the API.",
        discussion: """
            After SIGTERM, the daemon starts no new operations. Running operations may continue for the grace time. \
            prewarm then interrupts them, and the next start continues them. A second SIGTERM, at least one second \
            later, ends the daemon at once. After SIGHUP, the daemon reads the configuration again. If the new \
            configuration has an error, the daemon keeps the old one.

            Examples:
              prewarm serve
              prewarm serve --config /etc/prewarm/prewarm.yaml --log-format json
              prewarm serve --listen 127.0.0.1:0 --grace 2m
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "The address to listen on; port 0 is a free port (default: server.listen of the configuration).",
            valueName: "host:port"))
    var listen: String?

    @Option(
        help: ArgumentHelp(
            "How long running operations may continue after SIGTERM, for example 90s (default: 30s).",
            valueName: "duration"),
        transform: DurationArgument.init(argument:))
    var grace: DurationArgument?

    func validate() throws {
        try global.refuseServer("`prewarm serve` is the daemon itself")
    }

    func run() async throws {
        let console = global.console
        defer { CommandStore.close() }
        do {
            try await serve()
        } catch {
            let failure = CommandFailure(error)
            console.error(failure)
            throw failure.code.exitCode
        }
    }

    private func serve() async throws {
        // The spawner starts before prewarm raises its limit of open files, so that provisioners get the original limit.
        Spawner.start()
        FileLimit.raise()
        let loops = EventLoopCheck.loopsOfDaemon
        try EventLoopCheck.run(
            loops: loops, others: EventLoopCheck.leastOfDaemon, threads: EventLoopCheck.threadsOfDaemon)
        NIOSingletons.groupLoopCountSuggestion = loops
        let logger = Logger.prewarm(
            format: global.logFormat == .json ? .json : .text, level: global.logLevel, now: { .now })
        let systemd = Systemd(Environment.variables)
        let grace = grace?.duration ?? .seconds(30)
        let assembly = try await DaemonAssembly(
            global, listen: try listen.map { try ListenAddress($0) }, grace: grace, systemd: systemd, logger: logger)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        // The service group stops the services in reverse order.
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
                "cannot listen on \(listen ?? "the configured address"): the address is already in use",
                hint: "stop the other daemon, or choose another address with --listen or server.listen")
        }
        logger.notice("stopped")
    }
}

/// Ends the process if the daemon does not stop: at a second signal, or 15 seconds after the grace time if something
/// hangs that cannot be interrupted. The next start continues the unfinished operations.
private struct EndOfPatience: Service {
    /// The time after the grace time in which all services have to stop.
    static let orderly = Duration.seconds(10)
    /// The time after the grace time at which the process ends.
    private static let longest = Duration.seconds(15)

    let daemon: Daemon
    let grace: Duration
    let logger: Logger

    func run() async throws {
        try await gracefulShutdown()
        endAtNextSignal()
        endProcess(after: grace + Self.longest) { [daemon, logger] in
            let hangs = daemon.progress.hangs.map(\.loop).joined(separator: ", ")
            logger.error("the daemon did not stop in time: ending the process", metadata: ["hanging": "\(hangs)"])
        }
    }
}
