import PrewarmCore

extension Page {
    /// Returns the page that asks for a token.
    /// - Parameters:
    ///   - error: The reason why the last token was refused; nil on the first visit.
    ///   - next: The address to go to after the sign-in.
    package static func signIn(error: Notice?, next: String) -> Page {
        let problem: Markup =
            error.map { notice in
                let hint: Markup = notice.hint.map { "<p>\(Markup.sentence($0))</p>" } ?? ""
                return
                    "<div class=\"notice bad\" role=\"alert\" id=\"problem\"><p>\(Markup.sentence(notice.text))</p>\(hint)</div>"
            } ?? ""
        let described: Markup = error == nil ? "hint" : "problem hint"
        let invalid: Markup = error == nil ? "" : " aria-invalid=\"true\""
        return Page(
            "Sign in", section: nil,
            main: """
                <div class="card narrow">
                <h1>Sign in</h1>
                \(problem)
                <form method="post" action="/login" class="stack">
                <input type="hidden" name="next" value="\(next)">
                <input type="text" name="user" value="token" autocomplete="username" hidden>
                <label for="token">Access token</label>
                <input id="token" name="token" type="password" autocomplete="current-password" required maxlength="16384" \
                aria-describedby="\(described)"\(invalid)>
                <p class="muted" id="hint">An operator creates a token with <code>prewarm token create NAME --role viewer</code>. \
                On the machine of the daemon, <code>prewarm dashboard</code> prints a link that signs you in.</p>
                <button class="primary" type="submit">Sign in</button>
                </form>
                </div>
                """)
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
