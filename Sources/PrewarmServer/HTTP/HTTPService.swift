internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import NIOSSL
import ServiceLifecycle

/// Listens, and hands what comes to the door.
package struct HTTPService: Service {
    package struct Settings: Sendable {
        package var listen: ListenAddress
        /// PEM files: the certificate with those that lead to the issuer, and its key. Nil: no TLS.
        package var tls: (certificate: String, key: String)?

        package init(listen: ListenAddress, tls: (certificate: String, key: String)?) {
            self.listen = listen
            self.tls = tls
        }
    }

    /// Connections at once; more wait in the queue of the system.
    private static let connectionLimit = 8192
    /// A connection on which nothing happens for this long is closed.
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
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                idleTimeout: Self.idleTime,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: Self.headerLimit, maxHeaderListSize: Self.headerLimit,
                    maxHeaderFieldCount: 100)))
        guard let tls = settings.tls else {
            server = plain
            return
        }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            server = try .tls(plain, tlsConfiguration: configuration)
        } catch {
            throw AccessError(
                .configuration, "the certificate \(tls.certificate) with the key \(tls.key) can't be used: \(error)",
                hint: "both are PEM files; the key has to be that of the first certificate")
        }
    }

    package func run() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: door, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.listen.host, port: settings.listen.port), serverName: nil, backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit, logger: quiet)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? settings.listen.port) },
            logger: quiet)
        try await application.run()
    }
}
