package import PrewarmCore

extension Configuration {
    /// The settings of the HTTP server. Paths are as they are written.
    package struct Server: Hashable, Sendable {
        package var baseURL: Located<String>?
        package var tls: TLS?
        package var trustedProxies: [Located<String>] = []
        package var webhooks: [Webhook] = []
        package var oidc: [OIDC] = []
        package var signIn: [SignIn] = []
    }

    package struct TLS: Hashable, Sendable {
        package var certificate: Located<String>
        package var key: Located<String>
    }

    package struct Webhook: Hashable, Sendable {
        package var name: Located<String>
        package var kind: WebhookKind
        package var secrets: [Located<String>]
        /// The names of the sources that a push may wake up. Nil means all sources.
        package var sources: [Located<String>]?
    }

    package struct OIDC: Hashable, Sendable {
        package var issuer: Located<String>
        package var audience: String
        package var jwksURL: String?
        package var caFile: String?
        package var rules: [Rule]

        package struct Rule: Hashable, Sendable {
            package var position: Position
            /// Patterns by the name of the claim.
            package var claims: [String: Located<String>]
            package var role: Role
            /// Patterns for presets. If it is empty, the rule covers all presets.
            package var presets: [String]
        }
    }
}

extension Configuration {
    /// A provider at which people sign in to the dashboard.
    package struct SignIn: Hashable, Sendable {
        package var name: Located<String>
        package var title: String?
        package var issuer: Located<String>
        package var clientID: String
        package var secret: Secret?
        package var scopes: [Located<String>]
        package var caFile: String?
        package var rules: [OIDC.Rule]
    }
}

extension Configuration.Server {
    init(_ document: DocumentReader) {
        baseURL = document["baseUrl"]?.located
        tls = document["tls"].flatMap { tls in
            guard let certificate = tls["certificate"], let key = tls["key"] else { return nil }
            return Configuration.TLS(certificate: certificate.located, key: key.located)
        }
        trustedProxies = document["trustedProxies"]?.elements.map(\.located) ?? []
        webhooks = document["webhooks"]?.elements.compactMap { Configuration.Webhook($0) } ?? []
        oidc = document["oidc"]?.elements.compactMap { Configuration.OIDC($0) } ?? []
        signIn = document["signIn"]?.elements.compactMap { Configuration.SignIn($0) } ?? []
    }
}

extension Configuration.Webhook {
    fileprivate init?(_ document: DocumentReader) {
        guard let name = document["name"], let kind = WebhookKind(rawValue: document["kind"]?.text ?? "") else {
            return nil
        }
        self.init(
            name: name.located, kind: kind, secrets: document["secrets"]?.elements.map(\.located) ?? [],
            sources: document["sources"]?.elements.map(\.located))
    }
}

extension Configuration.OIDC {
    fileprivate init?(_ document: DocumentReader) {
        guard let issuer = document["issuer"], let audience = document["audience"] else { return nil }
        self.init(
            issuer: issuer.located, audience: audience.text, jwksURL: document["jwksUrl"]?.text,
            caFile: document["caFile"]?.text,
            rules: document["rules"]?.elements.compactMap { Rule($0) } ?? [])
    }
}

extension Configuration.SignIn {
    fileprivate init?(_ document: DocumentReader) {
        guard let name = document["name"], let issuer = document["issuer"], let clientID = document["clientId"] else {
            return nil
        }
        let standard = Self.standardScopes.map { Located($0, at: document.position) }
        self.init(
            name: name.located, title: document["title"]?.text, issuer: issuer.located, clientID: clientID.text,
            secret: Configuration.Secret(document, "clientSecret"),
            scopes: document["scopes"]?.elements.map(\.located) ?? standard, caFile: document["caFile"]?.text,
            rules: document["rules"]?.elements.compactMap { Configuration.OIDC.Rule($0) } ?? [])
    }
}

extension Configuration.OIDC.Rule {
    fileprivate init?(_ document: DocumentReader) {
        guard let role = Role(rawValue: document["role"]?.text ?? "") else { return nil }
        self.init(
            position: document.position, claims: document["claims"]?.dictionary(\.located) ?? [:], role: role,
            presets: document["presets"]?.elements.map(\.text) ?? [])
    }
}
