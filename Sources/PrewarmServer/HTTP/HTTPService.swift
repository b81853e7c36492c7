internal import Glibc
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import NIOSSL
import PrewarmEngine
import ServiceLifecycle

/// Listens, and hands what comes to the door.
package struct HTTPService: Service {
    package struct Settings: Sendable {
        package var listen: ListenAddress
        /// Nil: no TLS.
        package var tls: TLSFiles?

        package init(listen: ListenAddress, tls: TLSFiles?) {
            self.listen = listen
            self.tls = tls
        }
    }

    /// The most connections at once; an idle one gives way to a new one.
    private static let connectionLimit = 8192
    /// The most connections of one address.
    private static let addressLimit = 1024
    /// A connection on which nothing happens for this long between two requests is closed.
    private static let idleTime = TimeAmount.seconds(75)
    private static let headerLimit = 32 * 1024

    private let door: Door
    private let settings: Settings
    private let server: HTTPServerBuilder
    private let logger: Logger
    private let onRunning: @Sendable (_ port: Int) async -> Void

    /// - Throws: ``AccessError`` where certificate or key can't be used.
    package init(
        _ door: Door, _ settings: Settings, logger: Logger, onRunning: @escaping @Sendable (Int) async -> Void
    ) throws {
        self.door = door
        self.settings = settings
        self.logger = logger
        self.onRunning = onRunning
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [HangUpHandler()], idleTimeout: Self.idleTime,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: Self.headerLimit, maxHeaderListSize: Self.headerLimit, maxHeaderFieldCount: 100))
        let table = ConnectionTable(.init(total: Self.mostConnections(), perAddress: Self.addressLimit))
        let access = door.access
        let plain = HTTPServerBuilder { responder in
            GuardedChannel(base: HTTP1Channel(responder: responder, configuration: configuration), table: table) {
                access.connectionGroup(peer: $0?.ipAddress ?? "")
            }
        }
        guard let tls = settings.tls else {
            server = plain
            return
        }
        let (tlsConfiguration, warnings) = try tls.load(now: door.daemon.engine.now())
        for warning in warnings { logger.warning("\(warning)") }
        server = try .tls(plain, tlsConfiguration: tlsConfiguration)
    }

    /// Half of the files that the process may have open: stores, mirrors and provisioners need the rest.
    private static func mostConnections() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return connectionLimit }
        return max(16, Int(min(limit.rlim_cur / 2, rlim_t(connectionLimit))))
    }

    package func run() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: door, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.listen.host, port: settings.listen.port), serverName: nil, backlog: 1024),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? settings.listen.port) },
            logger: quiet)
        try await application.run()
    }
}
