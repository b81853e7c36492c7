import PrewarmAPI
internal import PrewarmEngine

/// The discovery document of an issuer, as far as prewarm uses it.
struct OIDCDiscovery: Hashable, Sendable {
    let issuer: String
    /// The address of the keys.
    let keys: String
    /// The address to which a browser goes to sign in.
    let authorization: String?
    /// The address at which the daemon redeems a code.
    let token: String?
    /// The address of further claims about the person who signed in.
    let userInfo: String?
    /// True if the issuer accepts the client's secret only in the form, and not in the header `Authorization`.
    let wantsSecretInForm: Bool
    /// True if the issuer names itself in every answer to a sign-in (RFC 9207).
    let namesItself: Bool

    /// Returns nil if the document lacks the issuer or the address of its keys.
    init?(_ document: Value) {
        guard let issuer = document["issuer"]?.string, let keys = document["jwks_uri"]?.string else { return nil }
        self.issuer = issuer
        self.keys = keys
        authorization = document["authorization_endpoint"]?.string
        token = document["token_endpoint"]?.string
        userInfo = document["userinfo_endpoint"]?.string
        let methods = document["token_endpoint_auth_methods_supported"]?.elements.compactMap(\.string) ?? []
        wantsSecretInForm = methods.contains("client_secret_post") && !methods.contains("client_secret_basic")
        namesItself = document["authorization_response_iss_parameter_supported"]?.bool == true
    }
}
