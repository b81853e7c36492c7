import Foundation
import Subprocess
import Testing

/// The sign-in at a provider in headless Chromium. The browser reaches the daemon over a proxy that speaks TLS, and the
/// provider is oidc-provider-mock, which is made with Authlib.
@Suite(
    "Signing in at a provider, in a browser",
    .serialized,
    .enabled("oidc-provider-mock is not here: pip install oidc-provider-mock") {
        try await AccessPeer.has("oidc_provider_mock")
    })
struct SignInBrowserTests {
    private struct Scene: Sendable {
        let daemon: RunningDaemon
        let browser: Browser
        /// The URL at which the browser reaches the daemon.
        let url: String

        /// Begins on the sign-in page, and agrees at the provider.
        func signIn() async throws {
            try await browser.click("a.button")
            try await browser.eventually("the provider's page", "/Authorize Client/.test(document.body.innerText)")
            try await browser.click("button[name=sub][value=u-17]")
        }
    }

    private static func withProvider(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let file = String(decoding: try #require(sandbox.bytes("prewarm.yaml")), as: UTF8.self)
        let path = { @Sendable (name: String) in sandbox.root.appending(path: name).path }
        try await certificate(key: path("key.pem"), certificate: path("cert.pem"))
        try await SignInPeer.run(["authlib", path("provider-port")], file: "provider-port", in: sandbox) { provider in
            try await SignInPeer.run(
                ["proxy", path("proxy-port"), path("cert.pem"), path("key.pem"), path("upstream")], file: "proxy-port",
                in: sandbox
            ) { proxy in
                let url = "https://127.0.0.1:\(proxy)"
                try sandbox.write(
                    "prewarm.yaml",
                    file + "server:\n  baseUrl: \(url)\n  trustedProxies: [127.0.0.1]\n  signIn:\n"
                        + SignInPeer.entry("http://localhost:\(provider)"))
                try await sandbox.serve { daemon in
                    try sandbox.write("upstream", daemon.url)
                    try await Browser.run { try await body(Scene(daemon: daemon, browser: $0, url: url)) }
                }
            }
        }
    }

    private static func certificate(key: String, certificate: String) async throws {
        let made = try await Subprocess.run(
            .name("openssl"),
            arguments: [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ], output: .discarded, error: .discarded)
        #expect(made.terminationStatus.isSuccess)
    }

    @Test("A person signs in over a proxy with TLS, stays on the page that she wanted, claims, and signs out")
    func signIn() async throws {
        try await Self.withProvider { scene in
            try await scene.browser.open(scene.url + "/pools/presets/a")
            #expect(try await scene.browser.path == "/login?next=%2Fpools%2Fpresets%2Fa")
            try await scene.signIn()
            try await scene.browser.eventually("the pool", "location.pathname === '/pools/presets/a'")
            #expect(try await scene.browser.shown.contains("operator"))
            #expect(try await scene.browser.text("document.querySelector('.who .name').innerText") == "ada")
            let cookies = try await scene.browser.devTools("Network.getCookies", ["urls": [scene.url]])
            let kept = try #require(cookies["cookies"]?.list)
            #expect(kept.count == 1 && kept[0]["name"]?.string?.hasPrefix("__Host-prewarm-") == true)
            #expect(kept[0]["sameSite"]?.string == "Strict" && kept[0]["secure"]?.flag == true)
            #expect(kept[0]["httpOnly"]?.flag == true)
            try await scene.browser.eventually(
                "the page is live over the proxy", "document.getElementById('live').dataset.state === 'on'")
            try await scene.daemon.eventually("a is ready") { try await scene.daemon.isReady("a", 1) }
            try await scene.browser.open(scene.url + "/pools/presets/a")
            try await scene.browser.click("form[action$='/claim'] button")
            try await scene.browser.eventually("the claim", "location.pathname === '/claims'")
            let claims = try await scene.daemon.get("/api/v1/workspaces?state=claimed").json()
            #expect(claims[0]?["owner"]?.string == "u-17")
            // The provider's page loads a style sheet from another host.
            let messages = try await scene.browser.console().filter { $0.contains(scene.url) && !$0.contains("[DOM]") }
            #expect(messages == [])
            try await scene.browser.click("form[action='/logout'] button")
            try await scene.browser.eventually("the sign-in page", "location.pathname === '/login'")
            try await scene.browser.open(scene.url + "/")
            #expect(try await scene.browser.path.hasPrefix("/login"))
        }
    }

    @Test("Without JavaScript a person signs in, too")
    func withoutScripts() async throws {
        try await Self.withProvider { scene in
            try await scene.browser.disableScripts()
            try await scene.browser.open(scene.url + "/login")
            try await scene.signIn()
            try await scene.browser.eventually("the pools", "location.pathname === '/'")
            #expect(try await scene.browser.shown.contains("ada"))
        }
    }

    @Test("The sign-in page passes the accessibility audit in light, dark and at the width of a phone")
    func audit() async throws {
        try await Self.withProvider { scene in
            for (isDark, width) in [(false, 1280), (true, 1280), (false, 390), (true, 390)] {
                try await scene.browser.useDarkColors(isDark)
                try await scene.browser.useWidth(width)
                for page in ["/login", "/login/company/callback?state=none"] {
                    try await scene.browser.open(scene.url + page)
                    #expect(
                        try await scene.browser.run(Accessibility.audit).list.compactMap(\.string) == [], "\(page)")
                    let pictures = ProcessInfo.processInfo.environment["PREWARM_SCREENSHOTS"]
                    if let pictures {
                        let name = "\(page == "/login" ? "login" : "error")-\(isDark ? "dark" : "light")-\(width).png"
                        try await scene.browser.screenshot().write(to: URL(filePath: pictures).appending(path: name))
                    }
                }
            }
        }
    }
}
