internal import Glibc
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import NIOSSL
import PrewarmEngine
import ServiceLifecycle

/// The service that listens for connections and hands their requests to the ``RequestHandler``.
package struct HTTPService: Service {
    package struct Settings: Sendable {
        package var listen: ListenAddress
        /// The certificate and the key; nil for HTTP without TLS.
        package var tls: TLSFiles?

        package init(listen: ListenAddress, tls: TLSFiles?) {
            self.listen = listen
            self.tls = tls
        }
    }

    /// The most open connections; see ``ConnectionTable``.
    private static let connectionLimit = 8192
    /// The most open connections of one address.
    private static let addressLimit = 1024
    /// The time after which a connection without a request is closed.
    private static let idleTime = TimeAmount.seconds(75)
    /// The most bytes of a header, and of each of its fields.
    private static let headerLimit = 32 * 1024

    private let handler: RequestHandler
    private let settings: Settings
    private let server: HTTPServerBuilder
    private let acceptance = Acceptance()
    private let logger: Logger
    private let onRunning: @Sendable (_ port: Int) async -> Void

    /// Creates the service and reads the certificate and the key.
    ///
    /// - Parameter onRunning: Is called with the port once the service listens.
    /// - Throws: ``AccessError`` if the certificate or the key cannot be used.
    package init(
        _ handler: RequestHandler, _ settings: Settings, logger: Logger,
        onRunning: @escaping @Sendable (Int) async -> Void
    ) throws {
        self.handler = handler
        self.settings = settings
        self.logger = logger
        self.onRunning = onRunning
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [HangUpHandler()], idleTimeout: Self.idleTime,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: Self.headerLimit, maxHeaderListSize: Self.headerLimit, maxHeaderFieldCount: 100))
        let table = ConnectionTable(.init(total: Self.mostConnections(), perAddress: Self.addressLimit))
        let access = handler.access
        let acceptance = acceptance
        let plain = HTTPServerBuilder { responder in
            GuardedChannel(
                base: HTTP1Channel(responder: responder, configuration: configuration), table: table,
                acceptance: acceptance,
                group: { access.connectionGroup(peer: $0?.ipAddress ?? "") },
                refusal: { handler.refusal(of: $0, peer: $1?.ipAddress ?? "") })
        }
        guard let tls = settings.tls else {
            server = plain
            return
        }
        let (tlsConfiguration, warnings) = try tls.load(now: handler.daemon.engine.now())
        for warning in warnings { logger.warning("\(warning)") }
        server = try .tls(plain, tlsConfiguration: tlsConfiguration)
    }

    /// Returns the most connections that the process can have: half of its open files (`RLIMIT_NOFILE`), and at least 16.
    /// Stores, mirrors and provisioners need the other half. Example: with a limit of 1,024 files, 512 connections.
    private static func mostConnections() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return connectionLimit }
        return max(16, Int(min(limit.rlim_cur / 2, rlim_t(connectionLimit))))
    }

    package func run() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: handler, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.listen.host, port: settings.listen.port), serverName: nil,
                backlog: Acceptance.backlog),
            onServerRunning: { channel in
                do {
                    try await acceptance.apply(to: channel)
                } catch {
                    logger.warning("cannot accept connections faster", metadata: ["error": "\(error)"])
                }
                await onRunning(channel.localAddress?.port ?? settings.listen.port)
            },
            logger: quiet)
        try await application.run()
    }
}
