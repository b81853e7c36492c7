import PrewarmCore

/// A provider at which a reader can sign in.
package struct SignInOption: Hashable, Sendable {
    /// The name of the provider for people.
    package let title: String
    /// The address that begins the sign-in.
    package let address: String

    package init(title: String, address: String) {
        self.title = title
        self.address = address
    }
}

extension Page {
    /// Returns the page that offers the providers and asks for a token.
    /// - Parameters:
    ///   - error: The reason why the last sign-in was refused; nil on the first visit.
    ///   - next: The address to go to after the sign-in.
    ///   - providers: The providers; empty if there is only the sign-in by token.
    package static func signIn(error: Notice?, next: String, providers: [SignInOption] = []) -> Page {
        let problem: Markup =
            error.map { notice in
                let hint: Markup = notice.hint.map { "<p>\(Markup.sentence($0))</p>" } ?? ""
                return
                    "<div class=\"notice bad\" role=\"alert\" id=\"problem\"><p>\(Markup.sentence(notice.text))</p>\(hint)</div>"
            } ?? ""
        let described: Markup = error == nil ? "hint" : "problem hint"
        let invalid: Markup = error == nil || !providers.isEmpty ? "" : " aria-invalid=\"true\""
        let links = providers.map { provider -> Markup in
            "<li><a class=\"button primary\" href=\"\(provider.address)\">Sign in with \(provider.title)</a></li>"
        }
        let others: Markup =
            links.isEmpty
            ? "" : "<ul class=\"providers\">\(links.joined())</ul>\n<p class=\"or\"><span>or with a token</span></p>"
        let kind: Markup = links.isEmpty ? "primary" : "second"
        return Page(
            "Sign in", section: nil,
            main: """
                <div class="card narrow">
                <h1>Sign in</h1>
                \(problem)
                \(others)
                <form method="post" action="/login" class="stack">
                <input type="hidden" name="next" value="\(next)">
                <input type="text" name="user" value="token" autocomplete="username" hidden>
                <label for="token">Access token</label>
                <input id="token" name="token" type="password" autocomplete="current-password" required maxlength="16384" \
                aria-describedby="\(described)"\(invalid)>
                <p class="muted" id="hint">An operator creates a token with <code>prewarm token create NAME --role viewer</code>. \
                On the machine of the daemon, <code>prewarm dashboard</code> prints a link that signs you in.</p>
                <button class="\(kind)" type="submit">Sign in</button>
                </form>
                </div>
                """)
    }

    /// Returns the page after the sign-in at a provider, which goes on by itself.
    /// - Parameter next: The address to go to.
    package static func signedIn(next: String) -> Page {
        Page(
            "Signed in", section: nil,
            main: """
                <div class="card narrow"><h1>Signed in</h1><p><a href="\(next)">Continue</a></p></div>
                """, refresh: next)
    }

    /// Returns the page that asks for a click before a one-time code signs in. It stands between a link on another site
    /// and a session.
    package static func confirmSignIn(code: String) -> Page {
        Page(
            "Sign in", section: nil,
            main: """
                <div class="card narrow">
                <h1>Sign in</h1>
                <p>This link signs you in with a one-time code. Continue only if you ran <code>prewarm dashboard</code>.</p>
                <form method="post" action="/login" class="stack">
                <input type="hidden" name="code" value="\(code)">
                <button class="primary" type="submit">Sign in with the code</button>
                </form>
                </div>
                """)
    }

    /// Returns the page of an error.
    package static func problem(status: Int, _ message: String, hint: String?) -> Page {
        let title =
            switch status {
            case 403: "Not allowed"
            case 404: "Not found"
            default: "Cannot show this page"
            }
        let hint: Markup = hint.map { "<p>\(Markup.sentence($0))</p>" } ?? ""
        return Page(
            title, section: nil,
            main: """
                <div class="card narrow"><h1>\(title)</h1><p>\(Markup.sentence(message))</p>\(hint)\
                <p><a href="/">Go to the pools</a></p></div>
                """)
    }
}
