internal import Glibc
internal import HTTPTypes
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import PrewarmCore
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

    private let handler: RequestHandler
    private let settings: Settings
    private let tls: NIOSSLContext?
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
        guard let tls = settings.tls else {
            self.tls = nil
            return
        }
        let (configuration, warnings) = try tls.load(now: handler.daemon.engine.now())
        for warning in warnings { logger.warning("\(warning)") }
        self.tls = try NIOSSLContext(configuration: configuration)
    }

    /// Returns the most connections that the process can have: half of its open files (`RLIMIT_NOFILE`), and at least 16.
    /// Stores, mirrors and provisioners need the other half. Example: with a limit of 1,024 files, 512 connections.
    private static func mostConnections() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return connectionLimit }
        return max(16, Int(min(limit.rlim_cur / 2, rlim_t(connectionLimit))))
    }

    /// Serves until the service is shut down and all answers are sent.
    package func run() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let listener = try await listen(quiet)
        await onRunning(listener.channel.localAddress?.port ?? settings.listen.port)
        let connection = HTTP1Channel(responder: respond)
        await withGracefulShutdownHandler { [quiet] in
            await listener.handle { await connection.handle(value: $0, logger: quiet) }
        } onGracefulShutdown: {
            listener.quiesce()
        }
    }

    private func listen(_ logger: Logger) async throws -> HTTPListener {
        let table = ConnectionTable(.init(total: Self.mostConnections(), perAddress: Self.addressLimit))
        return try await HTTPListener(settings.listen, tls: tls, logger: logger) { [handler] admission in
            ConnectionGate(
                table, group: { handler.access.connectionGroup(peer: $0?.ipAddress ?? "") },
                refusal: { handler.refusal(of: $0, peer: $1?.ipAddress ?? "") }, admission: admission)
        }
    }

    @concurrent @Sendable private func respond(
        to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
    ) async throws {
        var response = await handler.respond(to: request, channel: channel)
        response.headers[.date] = HTTPDate.text(handler.daemon.engine.now())
        do {
            try await writer.write(response: response.head, body: response.body)
        } catch is HTTPParserError {
            // A second answer cannot follow the one that is being written, so this error ends the connection.
            throw ChannelError.inputClosed
        }
    }
}
