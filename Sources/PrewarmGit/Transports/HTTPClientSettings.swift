import AsyncHTTPClient
import NIOCore
import NIOSSL
import PrewarmCore
import PrewarmEngine

/// The configuration of the http client for one source.
struct HTTPClientSettings {
    private let settings: GitSettings
    private let url: RepositoryURL

    init(_ settings: GitSettings, _ url: RepositoryURL) {
        self.settings = settings
        self.url = url
    }

    /// - Throws: `.refused` if the proxy or a certificate cannot be used.
    func configuration() throws(GitFailure) -> HTTPClient.Configuration {
        // Redirects are judged by HTTPTransport. The time limits are those of the watch; the limit here is only for what
        // the client does after the pass has ended.
        let limit = TimeAmount.milliseconds(settings.limits.idleTimeout.wholeMilliseconds + 2000)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: HTTPClient.Configuration.Timeout(connect: limit))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        guard url.scheme == .https else { return configuration }
        configuration.tlsConfiguration = try tls()
        if let text = settings.proxy {
            try ProxyURL.check(settings)
            if let proxy = ProxyURL(text) {
                configuration.proxy = .server(
                    host: proxy.host, port: Int(proxy.port) ?? 80,
                    authorization: proxy.login.map { .basic(username: $0.name, password: $0.password) })
            }
        }
        return configuration
    }

    private func tls() throws(GitFailure) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let file = settings.caFile {
            // The file is read for each pass, so that a changed one counts.
            tls.trustRoots = .certificates(try certificates(file))
        }
        if let client = settings.clientCertificate {
            tls.certificateChain = try certificates(client.certificate).map { .certificate($0) }
            do {
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: client.key, format: .pem))
            } catch {
                throw GitFailure(
                    .refused, "cannot use the private key in \(client.key)",
                    hint: "check that it is a PEM file without a passphrase, and that prewarm may read it")
            }
        }
        return tls
    }

    private func certificates(_ file: String) throws(GitFailure) -> [NIOSSLCertificate] {
        if let found = try? NIOSSLCertificate.fromPEMFile(file), !found.isEmpty { return found }
        throw GitFailure(
            .refused, "cannot use the certificates in \(file)",
            hint: "check that it is a file of PEM certificates, and that prewarm may read it")
    }
}
