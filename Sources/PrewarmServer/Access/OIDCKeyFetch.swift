package import AsyncHTTPClient
internal import NIOSSL

/// A client that fetches the keys of an issuer. It limits time and size, and does not follow redirects.
package struct OIDCKeyFetch: Sendable {
    /// The configuration of the HTTP client for ``init(client:deadline:)``. It follows no redirects, so that keys come only
    /// from the configured address.
    package static var clientConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.timeout.read = .seconds(5)
        return configuration
    }

    let client: OIDCClient

    /// - Parameter deadline: The time limit for each of the two documents: the discovery document and the keys.
    package init(client: HTTPClient, deadline: Duration = .seconds(10)) {
        self.client = OIDCClient(http: client, deadline: deadline)
    }

    /// Returns why certificates cannot be read from a file, or nil if they can.
    package static func problem(ofCAFile path: String) -> String? {
        let found = try? NIOSSLCertificate.fromPEMFile(path)
        return found?.isEmpty == false ? nil : "cannot read certificates: \(path) has no certificates in PEM"
    }

    /// Fetches the keys of an issuer.
    ///
    /// - Throws: ``AccessError`` with the reason `unavailable`.
    func keys(of issuer: OIDCIssuer) async throws(AccessError) -> OIDCKeySet {
        do {
            let address: String
            if let known = issuer.jwksURL { address = known } else { address = try await client.discover(issuer).keys }
            let bytes = try await client.get(address, issuer)
            guard let keys = try? OIDCKeySet(json: bytes), !keys.isEmpty else {
                throw OIDCClient.Failure(message: "\(address) has no keys for RS256 or ES256")
            }
            return keys
        } catch {
            throw AccessError(
                .unavailable, "cannot fetch the keys of the issuer \(issuer.issuer): \(OIDCClient.text(error))",
                hint: "check `\(issuer.setting)` and that the daemon reaches the issuer; it tries again after "
                    + "\(OIDCKeys.pause.components.seconds)s")
        }
    }
}
