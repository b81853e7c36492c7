import AsyncHTTPClient
import Logging
import PrewarmCore
import PrewarmEngine
internal import PrewarmNotifications
import PrewarmServer
internal import PrewarmTelemetry
import PrewarmWebhooks
import ServiceLifecycle
import Synchronization
import UnixSignals

/// The parts of the daemon. They are replaced when the configuration is read again.
final class DaemonAssembly: Sendable {
    let daemon: Daemon
    let http: HTTPService
    let notifier: ReplaceableNotifier
    private let global: GlobalOptions
    private let store: any Store
    private let settings: Fixed
    private let access: ServerAccess
    private let webhooks: WebhookReceiver
    private let metrics: Metrics
    private let systemd: Systemd
    /// The HTTP client that fetches the keys of OIDC issuers.
    private let client: KeyClient
    /// The token for commands of the daemon's user on this machine.
    private let local: LocalTokenFile
    private let logger: Logger

    /// True if `--listen` gives the address, which then replaces the address in the configuration.
    private let isListenNamed: Bool

    /// The settings that need a restart to change.
    private struct Fixed: Equatable {
        let store: StoreChoice
        let listen: ListenAddress
        let certificate: String?
        let key: String?
    }

    init(_ global: GlobalOptions, listen: ListenAddress?, grace: Duration, systemd: Systemd, logger: Logger)
        async throws
    {
        let file = try ConfigurationFile(global)
        let assembly = Assembly(file, try file.load())
        self.global = global
        self.systemd = systemd
        self.logger = logger
        let metrics = assembly.metrics(version: prewarmVersion)
        self.metrics = metrics
        store = try CommandStore.open(assembly.storeChoice(), readsBeside: true)
        let webhooks = WebhookReceiver(endpoints: assembly.webhookEndpoints(), sources: assembly.watchedSources())
        self.webhooks = webhooks
        let engine = try assembly.engine(store: store, observe: Self.observer(metrics, webhooks))
        isListenNamed = listen != nil
        let address = try listen ?? assembly.listenAddress()
        settings = try Self.fixed(assembly, listen: address)
        client = KeyClient()
        local = try LocalTokenFile(store: settings.store.localPath)
        // A database is meant for several daemons, also on one machine.
        if local.isShared, case .file = settings.store {
            let others = local.otherHolders.map { "\($0)" }.joined(separator: ", ")
            logger.warning(
                "another daemon runs on this store: both share its work",
                metadata: [
                    "process": "\(others.isEmpty ? "unknown" : others)", "store": "\(settings.store.display)",
                    "hint": "stop one of them, unless this is on purpose",
                ])
        }
        let rules = try Self.rules(assembly, store: engine.store, local: local, client)
        if let warning = try address.check(
            hasTokens: try await engine.store.read { try $0.hasAccessTokens() },
            hasOIDC: !assembly.oidcIssuers().isEmpty || !assembly.signInProviders().isEmpty,
            hasTLS: settings.certificate != nil,
            hasProxy: !assembly.trustedProxies().isEmpty)
        {
            logger.warning("\(warning)")
        }
        daemon = Daemon(engine, grace: grace, logger: logger)
        access = ServerAccess(rules)
        notifier = ReplaceableNotifier(
            try assembly.notifier(
                engine, version: prewarmVersion, metrics: metrics, progress: daemon.progress, logger: logger))
        let handler = RequestHandler(
            daemon: daemon, access: access, metrics: metrics, webhooks: webhooks,
            usesTLS: settings.certificate != nil, logger: logger)
        let scheme = settings.certificate == nil ? "http" : "https"
        http = try HTTPService(
            handler, HTTPService.Settings(listen: address, tls: assembly.tlsFiles()), logger: logger
        ) { port in
            let host = address.host.contains(":") ? "[\(address.host)]" : address.host
            logger.notice("serving", metadata: ["url": "\(scheme)://\(host):\(port)", "version": "\(prewarmVersion)"])
            systemd.ready("serving at \(host):\(port)")
        }
    }

    private static func observer(
        _ metrics: Metrics, _ webhooks: WebhookReceiver
    ) -> @Sendable (Observation) -> Void {
        { observation in
            metrics.observe(observation)
            if case .reconciled(let source, .error, _) = observation { webhooks.noteFailedLook(source: source) }
        }
    }

    private static func fixed(_ assembly: Assembly, listen: ListenAddress) throws -> Fixed {
        let tls = assembly.tlsFiles()
        return Fixed(
            store: try assembly.storeChoice(), listen: listen, certificate: tls?.certificate, key: tls?.key)
    }

    private static func rules(
        _ assembly: Assembly, store: any Store, local: LocalTokenFile, _ client: KeyClient
    ) throws -> ServerAccess.Rules {
        let issuers = assembly.oidcIssuers()
        let fetch = OIDCKeyFetch(client: client.http)
        let verifier = issuers.isEmpty ? nil : OIDCVerifier(issuers, fetch: fetch)
        let base = try assembly.localURL()
        return ServerAccess.Rules(
            authenticator: Authenticator(
                store: store, oidc: verifier, local: local, machineTime: { SystemClock().machineTime() }),
            trustedProxies: assembly.trustedProxies(),
            signIns: assembly.signInProviders().map { ProviderSignIn($0, baseURL: base, fetch: fetch) }, baseURL: base)
    }

    /// Reads the configuration again and applies it. A configuration with an error is logged and changes nothing.
    func reload() {
        systemd.reloading()
        defer { systemd.ready("configuration reloaded") }
        do {
            let file = try ConfigurationFile(global)
            let assembly = Assembly(file, try file.load())
            let wanted = try Self.fixed(assembly, listen: isListenNamed ? settings.listen : assembly.listenAddress())
            guard wanted == settings else {
                throw CommandFailure(
                    "cannot change the store, the listen address or TLS while the daemon runs",
                    hint: "restart the daemon")
            }
            let engine = try assembly.engine(store: store, observe: Self.observer(metrics, webhooks))
            let notifier = try assembly.notifier(
                engine, version: prewarmVersion, metrics: metrics, progress: daemon.progress, logger: logger)
            access.replace(try Self.rules(assembly, store: store, local: local, client))
            webhooks.replace(endpoints: assembly.webhookEndpoints(), sources: assembly.watchedSources())
            self.notifier.replace(notifier)
            daemon.reload(engine)
            logger.notice("the configuration was read again", metadata: ["file": "\(file.path)"])
        } catch {
            let failure = CommandFailure(error)
            logger.error(
                "cannot use the new configuration: keeping the old one",
                metadata: ["error": "\(failure.messageInLog)", "hint": "\(failure.firstHint ?? "")"])
        }
    }
}

/// An HTTP client that is shut down when it is released, also if the daemon fails to start.
private final class KeyClient: Sendable {
    let http = HTTPClient(
        eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: OIDCKeyFetch.clientConfiguration)

    deinit {
        try? http.syncShutdown()
    }
}

/// The service that reads the configuration again at SIGHUP.
struct ReloadService: Service {
    let assembly: DaemonAssembly

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) { assembly.reload() }
        }
    }
}

/// A service that runs a notifier, which can be replaced while it runs.
final class ReplaceableNotifier: Service {
    private let current: Mutex<Notifier>
    private let signal = Signal()

    init(_ notifier: Notifier) {
        current = Mutex(notifier)
    }

    func replace(_ notifier: Notifier) {
        current.withLock { $0 = notifier }
        signal.send(.replan)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                await withTaskGroup(of: Void.self) { group in
                    let notifier = current.withLock { $0 }
                    group.addTask { try? await notifier.run() }
                    group.addTask { await self.waitForReplacement() }
                    await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    private func waitForReplacement() async {
        while await signal.wait(for: .seconds(3600), on: SystemClock()).isEmpty, !Task.isCancelled {}
    }
}
