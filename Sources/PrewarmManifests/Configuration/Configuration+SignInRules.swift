import PrewarmCore

/// Errors of `server.signIn` that a shape cannot express.
extension Configuration {
    func signInProblems() -> [Diagnostic] {
        server.signIn.flatMap { provider in
            Self.problems(of: provider.rules, issuer: provider.issuer.value, isForPeople: true)
                + Self.scopes(of: provider)
        } + baseURLProblem()
    }

    private static func scopes(of provider: SignIn) -> [Diagnostic] {
        guard let first = provider.scopes.first, !provider.scopes.contains(where: { $0.value == "openid" }) else {
            return []
        }
        return [
            Diagnostic(
                .error, at: first.position,
                "invalid scopes of provider \"\(provider.name.value)\": without openid, the provider sends no ID token",
                hint: "add openid to scopes")
        ]
    }

    /// Returns the problem with the address to which providers send browsers back.
    private func baseURLProblem() -> [Diagnostic] {
        guard let provider = server.signIn.first else { return [] }
        guard let base = server.baseURL else {
            return [
                Diagnostic(
                    .error, at: provider.name.position,
                    "invalid provider \"\(provider.name.value)\": server.baseUrl is missing, to which the provider sends "
                        + "browsers back",
                    hint: "set server.baseUrl to the URL at which browsers reach the dashboard, for example "
                        + "https://prewarm.example.org")
            ]
        }
        // The pages of the dashboard are at the root of a host.
        let path = RemoteURL(base.value)?.path ?? ""
        guard path.isEmpty || path == "/" else {
            return [
                Diagnostic(
                    .error, at: base.position,
                    "invalid baseUrl \"\(base.value)\": with server.signIn it must have no path, because the dashboard is "
                        + "at the root of a host",
                    hint: "remove \"\(path)\" from baseUrl")
            ]
        }
        return []
    }
}
