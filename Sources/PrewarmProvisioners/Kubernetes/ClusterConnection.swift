import AsyncHTTPClient
import FoundationEssentials
import NIOSSL
import PrewarmCore
import PrewarmEngine

/// The API server with a login, ready for requests.
struct ClusterConnection: Sendable {
    /// The URL of the API server, with the host that its certificate names.
    let url: String
    /// The host and port of the API server.
    let host: String
    let port: Int
    /// The path before all paths of the API; usually empty.
    let path: String
    let tls: TLSConfiguration?
    /// The name that the certificate of the server has to have if it is not ``host``.
    let serverName: String?
    let token: String?
    let namespace: String?
    /// The place of the address and the login for people.
    let origin: String
    /// The context of the kubeconfig file; nil for a service account.
    let context: String?
    /// True if a credential plugin made the login, or a file has it, so that another one can be had.
    let isRenewable: Bool

    /// The largest size of a file with a token, certificates or a key in bytes.
    static let fileLimit = 1 << 20

    /// Reads the files of the access, and runs the credential plugin if there is one.
    init(_ access: ClusterAccess, _ plugins: PluginCredentials) async throws(OperationFailure) {
        guard let parts = URL(string: access.server), let host = parts.host(), !host.isEmpty else {
            throw OperationFailure(
                .unreachable, "the server of \(access.origin) is no https:// address",
                hint: "Correct `server` of the cluster.")
        }
        let isEncrypted = access.server.hasPrefix("https://")
        self.host = host
        port = parts.port ?? (isEncrypted ? 443 : 80)
        path = parts.path(percentEncoded: true)
        serverName = access.serverName
        origin = access.origin
        namespace = access.namespace
        context = access.context
        let authority = try await Self.bytes(access.authority, "certificate authority", access)
        var certificate = try await Self.bytes(access.certificate, "client certificate", access)
        var key = try await Self.bytes(access.key, "client key", access)
        var token: String?
        switch access.token {
        case nil: isRenewable = false
        case .text(let text)?:
            isRenewable = false
            token = text
        case .file(let path)?:
            isRenewable = true
            token = String(decoding: try await Self.file(path, "token", access).trimmed, as: UTF8.self)
        case .plugin(let plugin)?:
            isRenewable = true
            let credential = try await plugins.credential(
                of: plugin, for: access, authority: authority.map { Data($0).base64EncodedString() })
            token = credential.token
            certificate = credential.certificate.map { Array($0.utf8) } ?? certificate
            key = credential.key.map { Array($0.utf8) } ?? key
        }
        if let token, token.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) || token.isEmpty {
            throw OperationFailure(
                .unreachable, "the token of \(access.origin) is empty or has white space", hint: "Write a new token.")
        }
        self.token = token
        tls = isEncrypted ? try Self.tls(access, authority: authority, certificate: certificate, key: key) : nil
        url = access.serverName.map { [port, path] name in "https://\(name):\(port)\(path)" } ?? access.server
    }

    private static func tls(
        _ access: ClusterAccess, authority: [UInt8]?, certificate: [UInt8]?, key: [UInt8]?
    ) throws(OperationFailure) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        do {
            if let authority { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority)) }
            if let certificate, let key {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            }
        } catch {
            // The error of the library may contain the key.
            throw OperationFailure(
                .unreachable, "a certificate or the key of \(access.origin) is not valid PEM",
                hint: "Write the certificates and the key again.")
        }
        return tls
    }

    private static func bytes(
        _ pem: ClusterAccess.PEM?, _ subject: String, _ access: ClusterAccess
    ) async throws(OperationFailure) -> [UInt8]? {
        switch pem {
        case nil: return nil
        case .file(let path)?: return try await file(path, subject, access)
        case .base64(let text)?:
            guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
                throw OperationFailure(.unreachable, "the \(subject) of \(access.origin) is not valid Base64")
            }
            return Array(data)
        }
    }

    private static func file(
        _ path: String, _ subject: String, _ access: ClusterAccess
    ) async throws(OperationFailure) -> [UInt8] {
        let result: Result<[UInt8], BoundedFile.Failure>
        do throws(SystemFailure) {
            result = try await onOwnThread {
                do throws(BoundedFile.Failure) {
                    return .success(try BoundedFile.read(path, limit: fileLimit))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw OperationFailure(.slow, "cannot read the \(subject) of \(access.origin): \(error)")
        }
        do throws(BoundedFile.Failure) {
            return try result.get()
        } catch {
            throw OperationFailure(
                .unreachable, "cannot read the \(subject) \(path.printable) of \(access.origin): \(error.message)",
                hint: "Check the path and the permissions of the file.")
        }
    }

    /// The configuration of the HTTP client.
    var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(10))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        // One connection for the watch of each kind, and some for other calls.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = ObjectTemplate.most + 8
        if let serverName { configuration.dnsOverride = [serverName: host] }
        return configuration
    }
}
