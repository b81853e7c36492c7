internal import Crypto
internal import Foundation
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The sign-in of people at one provider: the authorization code flow with PKCE
/// (https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, RFC 7636).
package final class ProviderSignIn: Sendable {
    package let provider: SignInProvider
    /// The URL at which browsers reach the daemon, without a slash at the end.
    let baseURL: String
    /// The address to which the provider sends the browser back, as the provider has registered it.
    let callback: String
    private let client: OIDCClient
    private let endpoints: ProviderEndpoints
    private let verifier: OIDCVerifier

    /// - Parameters:
    ///   - baseURL: The URL at which browsers reach the daemon, without a slash at the end.
    ///   - fetch: The client that fetches the documents of the provider.
    package init(_ provider: SignInProvider, baseURL: String, fetch: OIDCKeyFetch) {
        self.provider = provider
        self.baseURL = baseURL
        callback = baseURL + SignInProvider.callbackPath(name: provider.name)
        client = fetch.client
        endpoints = ProviderEndpoints(provider.issuer, client: fetch.client)
        verifier = OIDCVerifier([provider.issuer], fetch: fetch)
    }

    /// Returns the address at the provider to which a browser goes to sign in.
    ///
    /// - Throws: ``AccessError`` with the reason `unavailable`.
    func address(for pending: PendingSignIn) async throws(AccessError) -> String {
        let document = try await endpoints.current()
        guard let base = document.authorization else { throw lacking("authorization_endpoint") }
        let challenge = Base64URL.encode(Array(Crypto.SHA256.hash(data: Array(pending.verifier.utf8))))
        let query = [
            ("response_type", "code"), ("client_id", provider.clientID), ("redirect_uri", callback),
            ("scope", provider.scopes.joined(separator: " ")), ("state", pending.state), ("nonce", pending.nonce),
            ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ]
        let text = query.map { "\($0)=\($1.percentEncoded)" }.joined(separator: "&")
        return base + (base.contains("?") ? "&" : "?") + text
    }

    /// Checks the issuer that an answer names (RFC 9207), so that the code of one provider is not sent to another.
    func checkIssuer(_ named: String?) async throws(AccessError) {
        let isRequired = try await endpoints.current().namesItself
        guard named == provider.issuer.issuer || named == nil && !isRequired else {
            throw AccessError(
                .unknown, "cannot sign in with \(provider.title): the answer comes from another issuer",
                hint: "sign in again; if it happens again, report it to an operator")
        }
    }

    /// Redeems a code and verifies the identity that it stands for.
    ///
    /// - Throws: ``AccessError`` if the provider refuses the code, gives no valid identity, or cannot be reached.
    func identity(code: String, of pending: PendingSignIn, now: Timestamp) async throws(AccessError)
        -> SignedInIdentity
    {
        let tokens = try await redeem(code, verifier: pending.verifier)
        var claims: OIDCClaims
        do throws(AccessError) {
            claims = try await verifier.verified(tokens.identity, now: now).claims
            try check(claims, nonce: pending.nonce)
        } catch {
            throw rephrased(error)
        }
        claims = try await complete(claims, access: tokens.access)
        guard let end = claims.time("exp"), end > now else {
            throw AccessError(
                .expired, "cannot sign in with \(provider.title): its identity has expired already",
                hint: "an operator compares the clocks of the provider and the daemon")
        }
        let identity = SignedInIdentity(
            provider: provider.name, issuer: provider.issuer.issuer, clientID: provider.clientID, claims: claims,
            expiresAt: end)
        _ = try principal(of: identity, now: now)
        return identity
    }

    /// Returns the caller that an identity is now, by the first rule that matches.
    ///
    /// - Throws: ``AccessError`` if the identity has ended, or no rule matches it any more.
    func principal(of identity: SignedInIdentity, now: Timestamp) throws(AccessError) -> Principal {
        guard identity.issuer == provider.issuer.issuer, identity.clientID == provider.clientID else {
            throw AccessError(.unknown, "the provider \(provider.title) has changed", hint: "sign in again")
        }
        guard now < identity.expiresAt else {
            throw AccessError(.expired, "the sign-in with \(provider.title) has ended", hint: "sign in again")
        }
        do throws(AccessError) {
            return try OIDCVerifier.principal(identity.claims, [provider.issuer])
        } catch {
            throw rephrased(error)
        }
    }

    // MARK: The code

    private struct Tokens {
        /// The ID token.
        let identity: String
        /// The access token for further claims; nil if the provider gave none.
        let access: String?
    }

    /// Exchanges a code for an ID token (https://openid.net/specs/openid-connect-core-1_0.html#TokenEndpoint).
    private func redeem(_ code: String, verifier: String) async throws(AccessError) -> Tokens {
        let discovery = try await endpoints.current()
        guard let address = discovery.token else { throw lacking("token_endpoint") }
        var form = [
            (name: "grant_type", value: "authorization_code"), (name: "code", value: code),
            (name: "redirect_uri", value: callback), (name: "code_verifier", value: verifier),
        ]
        var authorization: String?
        if let secret = try secret() {
            if discovery.wantsSecretInForm {
                form += [(name: "client_id", value: provider.clientID), (name: "client_secret", value: secret)]
            } else {
                // Both parts are form-encoded first (RFC 6749, section 2.3.1).
                let login = "\(provider.clientID.percentEncoded):\(secret.percentEncoded)"
                authorization = "Basic \(Data(login.utf8).base64EncodedString())"
            }
        } else {
            form.append((name: "client_id", value: provider.clientID))
        }
        let answer: OIDCClient.Answer
        do {
            answer = try await client.post(address, form: form, authorization: authorization, provider.issuer)
        } catch {
            throw AccessError(
                .unavailable, "cannot sign in with \(provider.title): \(address) \(OIDCClient.text(error))",
                hint: "try again in a few seconds")
        }
        guard answer.status == 200 else { throw refusal(answer) }
        let document = answer.document
        guard let token = document?["id_token"]?.string else {
            throw AccessError(
                .unavailable, "cannot sign in with \(provider.title): its answer has no ID token",
                hint: "an operator checks that `scopes` of the provider has `openid`")
        }
        return Tokens(identity: token, access: document?["access_token"]?.string)
    }

    /// Returns the error of an answer that refuses a code. It does not contain the code or the secret.
    private func refusal(_ answer: OIDCClient.Answer) -> AccessError {
        let code = answer.document?["error"]?.string?.forMessage
        let hint =
            switch code {
            case "invalid_client", "unauthorized_client":
                "an operator checks `clientId` and `clientSecret` of the provider in `\(provider.issuer.setting)`"
            case "invalid_grant": "sign in again: a code works once and for a short time"
            default: "try again in a few seconds"
            }
        let isRefused = (400..<500).contains(answer.status)
        return AccessError(
            isRefused ? .unknown : .unavailable,
            "cannot sign in with \(provider.title): it refuses the code with the status \(answer.status)"
                + (code.map { " (\($0))" } ?? ""), hint: hint)
    }

    private func secret() throws(AccessError) -> String? {
        switch provider.secret {
        case .text(let text): return text
        case .file(let path):
            let bytes = try? FileHandle(forReadingFrom: URL(filePath: path)).read(upToCount: 4097)
            let text = bytes.map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines) } ?? ""
            guard !text.isEmpty, text.utf8.count <= 4096 else {
                throw AccessError(
                    .unavailable, "cannot sign in with \(provider.title): the file of its secret cannot be used",
                    hint: "an operator checks that the daemon can read `clientSecretFile` and that it has one line")
            }
            return text
        case nil: return nil
        }
    }

    // MARK: The identity

    /// Checks what a bearer token does not have (https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation).
    private func check(_ claims: OIDCClaims, nonce: String) throws(AccessError) {
        let audiences = claims.texts("aud")
        guard audiences.contains(provider.clientID) else {
            throw AccessError(
                .unknown,
                "invalid token: its audience must be \(provider.clientID); "
                    + "it is \(audiences.isEmpty ? "missing" : audiences.prefix(3).joined(separator: ", ").forMessage)")
        }
        guard claims.text("nonce") == nonce else {
            throw AccessError(.unknown, "invalid token: it belongs to another sign-in (`nonce`)")
        }
        let isForUs = claims.contains("azp") ? claims.text("azp") == provider.clientID : audiences.count < 2
        guard isForUs else {
            throw AccessError(.unknown, "invalid token: it was issued for another client (`azp`)")
        }
    }

    /// Returns the claims with further ones from the provider, if a rule needs a claim that the ID token does not have
    /// (https://openid.net/specs/openid-connect-core-1_0.html#UserInfo). A rule about `email` needs `email_verified`, too.
    private func complete(_ claims: OIDCClaims, access: String?) async throws(AccessError) -> OIDCClaims {
        var needed = Set(provider.issuer.rules.flatMap(\.claims.keys))
        if needed.contains("email") { needed.insert("email_verified") }
        guard let access, access.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            needed.contains(where: { !claims.contains($0) }), let address = try await endpoints.current().userInfo
        else { return claims }
        do {
            let bytes = try await client.get(address, provider.issuer, authorization: "Bearer \(access)")
            guard let document = OIDCClient.Answer(status: 200, bytes: bytes).document,
                let subject = document["sub"]?.string, subject == claims.text("sub")
            else { throw OIDCClient.Failure(message: "\(address) describes another person") }
            return claims.adding(needed.union(SignedInIdentity.names), of: document).withVerification(
                of: document, token: claims)
        } catch {
            throw AccessError(
                .unavailable, "cannot sign in with \(provider.title): \(OIDCClient.text(error))",
                hint: "try again in a few seconds")
        }
    }

    private func lacking(_ key: String) -> AccessError {
        AccessError(
            .unavailable, "cannot sign in with \(provider.title): its discovery document has no `\(key)`",
            hint: "an operator checks `issuer` in `\(provider.issuer.setting)`")
    }

    /// Returns the error of a check of tokens in the words of a sign-in.
    private func rephrased(_ error: AccessError) -> AccessError {
        let hint: String? =
            switch error.reason {
            case .refused: "ask an operator for a rule in `\(provider.issuer.setting)` that matches you"
            case .unavailable: error.hint
            default: "sign in again; if it happens again, report it to an operator"
            }
        return AccessError(error.reason, "cannot sign in with \(provider.title): \(error.message)", hint: hint)
    }
}

extension OIDCClaims {
    /// Returns the claims with an `email_verified` that is about their `email`: from the ID token if it has both claims,
    /// otherwise from the document of `userinfo` if that has the same address.
    ///
    /// - Parameters:
    ///   - document: The answer of `userinfo`.
    ///   - token: The claims of the ID token.
    fileprivate func withVerification(of document: Value, token: OIDCClaims) -> OIDCClaims {
        if token.contains("email"), token.contains("email_verified") { return self }
        let rest = without("email_verified")
        guard let email = text("email"), document["email"]?.string == email else { return rest }
        return rest.adding(["email_verified"], of: document)
    }
}
