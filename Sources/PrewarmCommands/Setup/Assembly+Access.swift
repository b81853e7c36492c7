import PrewarmCore
import PrewarmManifests
import PrewarmServer
import PrewarmWebhooks

/// The access settings of the daemon: webhooks, OIDC issuers, proxies, the listen address and TLS.
extension Assembly {
    func webhookEndpoints() -> [WebhookEndpoint] {
        configuration.server.webhooks.map { webhook in
            WebhookEndpoint(
                name: webhook.name.value, kind: webhook.kind, secrets: webhook.secrets.map(\.value),
                sources: webhook.sources?.map(\.value))
        }
    }

    func watchedSources() -> [WatchedSource] {
        configuration.sources.map { source in
            WatchedSource(name: source.name.value, url: source.url.value, ref: source.ref.watched)
        }
    }

    func oidcIssuers() -> [OIDCIssuer] {
        configuration.server.oidc.map { issuer in
            OIDCIssuer(
                issuer: issuer.issuer.value, audience: issuer.audience, jwksURL: issuer.jwksURL,
                caFile: issuer.caFile.map(file.resolve), rules: issuer.rules.map { OIDCIssuer.Rule($0) })
        }
    }

    /// Returns the providers at which people sign in to the dashboard.
    func signInProviders() -> [SignInProvider] {
        configuration.server.signIn.map { provider in
            SignInProvider(
                name: provider.name.value, title: provider.title,
                issuer: OIDCIssuer(
                    issuer: provider.issuer.value, audience: provider.clientID,
                    caFile: provider.caFile.map(file.resolve), rules: provider.rules.map { OIDCIssuer.Rule($0) },
                    setting: "server.signIn"),
                secret: provider.secret.map { secret in
                    switch secret {
                    case .text(let text): .text(text)
                    case .file(let path): .file(file.resolve(path))
                    }
                }, scopes: provider.scopes.map(\.value))
        }
    }

    func trustedProxies() -> [NetworkRange] {
        configuration.server.trustedProxies.compactMap { NetworkRange($0.value) }
    }

    func listenAddress() throws -> ListenAddress {
        guard let listen = configuration.listen else { return .standard }
        do {
            return try ListenAddress(listen.value)
        } catch {
            throw CommandFailure(Diagnostic(file: file.path, at: listen.position, error.message, hint: error.hint))
        }
    }

    /// Returns the TLS certificate and key, with paths from the configuration's folder; nil if the daemon serves HTTP.
    func tlsFiles() -> TLSFiles? {
        configuration.server.tls.map { tls in
            TLSFiles(certificate: file.resolve(tls.certificate.value), key: file.resolve(tls.key.value))
        }
    }

    /// Returns the URL at which clients on this machine reach the daemon, without a slash at the end. It is
    /// `server.baseUrl` if that is set. Otherwise the listen address `0.0.0.0:7430` gives `http://127.0.0.1:7430`.
    /// - Throws: ``CommandFailure`` if the listen address is invalid.
    func localURL() throws -> String {
        if let url = configuration.server.baseURL?.value { return url.hasSuffix("/") ? String(url.dropLast()) : url }
        let address = try listenAddress()
        let host =
            switch address.host {
            case "0.0.0.0", "*": "127.0.0.1"
            case "::": "[::1]"
            default: address.host.contains(":") ? "[\(address.host)]" : address.host
            }
        return "\(configuration.server.tls == nil ? "http" : "https")://\(host):\(address.port)"
    }
}

extension OIDCIssuer.Rule {
    fileprivate init(_ rule: Configuration.OIDC.Rule) {
        self.init(claims: rule.claims.mapValues(\.value), role: rule.role, presets: rule.presets)
    }
}

extension Configuration.Ref? {
    fileprivate var watched: WatchedSource.Ref {
        switch self {
        case .branch(let name): .branch(name)
        case .tag(let name): .tag(name)
        case .commit: .commit
        case .semver: .semver
        case nil: .head
        }
    }
}
