import Foundation
import Testing

/// The dashboard in headless Chromium: what a reader sees, does with the keyboard, and sees change.
@Suite("The dashboard in a browser", .serialized)
struct DashboardBrowserTests {
    private struct Scene: Sendable {
        let daemon: RunningDaemon
        let browser: Browser
        let tokens: [String: String]

        /// Signs in with a token, as a reader does.
        func signIn(_ name: String) async throws {
            try await browser.open(daemon.url + "/login")
            try await browser.fill("#token", tokens[name] ?? "")
            try await browser.click("main button[type=submit]")
            try await browser.eventually("the page of pools", "location.pathname === '/'")
        }

        func open(_ path: String) async throws { try await browser.open(daemon.url + path) }
    }

    private static let pages = [
        "/", "/?show=attention", "/pools/presets/a", "/pools/presets/broken", "/sources", "/events", "/claims",
    ]

    private static func withBrowser(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        let schedule = """
              schedule:
                timezone: Europe/Berlin
                windows: [{cron: "* 8-18 * * *", instances: 4}]
              lease: {ttl: 8h, max: 7d}

            """
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 4, schedule),
            "broken.yaml": Sandbox.preset("broken", instances: 1, "  parameters: {fail: \"yes\"}\n  failureLimit: 1\n"),
        ])
        var tokens: [String: String] = [:]
        for (name, role) in [("ops", "operator"), ("screen", "viewer"), ("ada", "claimer")] {
            let made = try await sandbox.prewarm("token", "create", name, "--role", role, "-o", "json")
            tokens[name] = try #require(try made.json()["token"]?.string)
        }
        try await sandbox.serve { [tokens] daemon in
            try await daemon.eventually("a is ready and broken is stalled") {
                let isReady = try await daemon.isReady("a", 4)
                let status = try await daemon.get("/api/v1/status").text
                return isReady && status.contains("\"Stalled\"")
            }
            try await Browser.run { try await body(Scene(daemon: daemon, browser: $0, tokens: tokens)) }
        }
    }

    @Test(
        "Every page passes the accessibility audit in light, dark and at the width of a phone, without console errors")
    func audit() async throws {
        try await Self.withBrowser { scene in
            try await scene.open("/login")
            #expect(try await scene.browser.run(Accessibility.audit).list.compactMap(\.string) == [])
            try await scene.signIn("ops")
            let claim = try await scene.daemon.post("/api/v1/presets/a/claims", #"{"owner": "eve"}"#)
            #expect(claim.status == 201)
            for (isDark, width) in [(false, 1280), (true, 1280), (false, 390), (true, 390)] {
                try await scene.browser.useDarkColors(isDark)
                try await scene.browser.useWidth(width)
                for page in Self.pages {
                    try await scene.open(page)
                    let found = try await scene.browser.run(Accessibility.audit).list.compactMap(\.string)
                    #expect(found == [], "\(page), \(isDark ? "dark" : "light"), \(width)")
                }
            }
            let messages = try await scene.browser.console().filter { !$0.contains("[DOM]") }
            #expect(messages == [])
        }
    }

    @Test("The audit finds a page with faults")
    func auditFinds() async throws {
        try await Browser.run { browser in
            try await browser.open(
                "data:text/html,<body style='background:white'><h3>x</h3><p style='color:rgb(180,180,180)'>gray</p><input>"
            )
            let found = try await browser.run(Accessibility.audit).list.compactMap(\.string).joined(separator: "; ")
            for fault in ["contrast", "no name", "skipped heading", "not one main", "no language", "no title"] {
                #expect(found.contains(fault), "\(found)")
            }
            try await browser.useWidth(390)
            try await browser.open(
                "data:text/html,<meta name=viewport content='width=device-width'><p style='width:600px'>wide</p>")
            let wide = try await browser.run(Accessibility.audit).list.compactMap(\.string)
            #expect(wide.contains { $0.hasPrefix("scrolls sideways: 6") }, "\(wide)")
        }
    }

    @Test("A page follows a push without a reload")
    func live() async throws {
        try await Self.withBrowser { scene in
            try await scene.signIn("screen")
            try await scene.browser.eventually(
                "the page is live", "document.getElementById('live').dataset.state === 'on'")
            try await scene.browser.run("window.marker = 1")
            try await scene.daemon.sandbox.commit(["new.yaml": Sandbox.preset("new-pool", instances: 2)])
            _ = try await scene.daemon.post("/api/v1/sync")
            try await scene.browser.eventually(
                "the new pool is ready",
                "[...document.querySelectorAll('#pools tbody tr')].some((r) => /new-pool[^]*Ready[^]*2/.test(r.innerText))"
            )
            #expect(try await scene.browser.text("window.marker") == "1")
        }
    }

    @Test("A claimer claims and releases with the keyboard")
    func keyboard() async throws {
        try await Self.withBrowser { scene in
            try await scene.signIn("ada")
            // The first stop is the link that skips the navigation.
            try await scene.browser.press("\u{e004}")
            #expect(try await scene.browser.text("document.activeElement.textContent") == "Skip to the content")
            try await scene.open("/pools/presets/a")
            #expect(!(try await scene.browser.shown.contains("dir:")))
            try await scene.browser.run("document.querySelector('form[action$=\"/claim\"] button').focus()")
            try await scene.browser.press("\u{e007}")
            try await scene.browser.eventually("the claim", "location.pathname === '/claims'")
            #expect(try await scene.browser.shown.contains("claimed a-"))
            #expect(try await scene.browser.shown.contains("dir:"))
            try await scene.browser.run("document.querySelector('details.guarded > summary').focus()")
            try await scene.browser.press("\u{e007}")
            try await scene.browser.press("\u{e004}\u{e007}")
            try await scene.browser.eventually("the release", "/released a-/.test(document.body.innerText)")
            #expect(try await scene.daemon.get("/api/v1/workspaces?state=claimed").json().list.isEmpty)
        }
    }

    @Test("A claimer renews a claim, the pool shows its hit rate, and the sources show what a commit changed")
    func renewal() async throws {
        try await Self.withBrowser { scene in
            try await scene.signIn("ada")
            try await scene.open("/pools/presets/a")
            try await scene.browser.click("form[action$='/claim'] button")
            try await scene.browser.eventually("the claim", "location.pathname === '/claims'")
            let claimed = try await scene.browser.shown
            #expect(claimed.contains("ends in 8 h"), "\(claimed)")
            try await scene.browser.click("form[action$='/renew'] button")
            try await scene.browser.eventually("the renewal", "/renewed a-\\w+ until/.test(document.body.innerText)")
            // Hit rates are counted at most every 30 s.
            try await scene.daemon.eventually("the hit rate") {
                try await scene.open("/")
                return try await scene.browser.text("document.querySelector('#pools tbody tr:last-child').innerText")
                    .contains("100 %")
            }
            try await scene.open("/pools/presets/a")
            #expect(try await scene.browser.shown.contains("of 1 claim in 7 days"))
            try await scene.daemon.sandbox.commit(["new.yaml": Sandbox.preset("new", instances: 2, version: "2.0")])
            _ = try await scene.daemon.post("/api/v1/sync")
            try await scene.open("/sources")
            try await scene.browser.eventually(
                "the new fields",
                "/new[^]*added[^]*instances[^]*2/.test(document.querySelector('#source-0-changes').innerText)")
            for (isDark, width) in [(false, 1280), (true, 390)] {
                try await scene.browser.useDarkColors(isDark)
                try await scene.browser.useWidth(width)
                for page in ["/", "/claims", "/sources"] {
                    try await scene.open(page)
                    #expect(try await scene.browser.run(Accessibility.audit).list.compactMap(\.string) == [], "\(page)")
                }
            }
        }
    }

    @Test("The focus moves through a page in the order of its text, and is always visible")
    func focusOrder() async throws {
        try await Self.withBrowser { scene in
            try await scene.signIn("ops")
            try await scene.open("/pools/presets/a")
            var (last, count) = (-1.0, 0)
            for _ in 0..<30 {
                try await scene.browser.press("\u{e004}")
                // Behind the last element, the focus leaves the page.
                if try await scene.browser.text("document.activeElement === document.body") == "true" { break }
                let order = try await scene.browser.text(
                    "[...document.querySelectorAll('*')].indexOf(document.activeElement)")
                let outline = try await scene.browser.text("getComputedStyle(document.activeElement).outlineStyle")
                #expect(Double(order) ?? -1 > last)
                #expect(outline == "solid")
                last = Double(order) ?? -1
                count += 1
            }
            #expect(count >= 9)
        }
    }

    @Test("Without JavaScript, pages show everything and forms work")
    func withoutScripts() async throws {
        try await Self.withBrowser { scene in
            try await scene.browser.disableScripts()
            try await scene.signIn("ops")
            let shown = try await scene.browser.shown
            #expect(shown.contains("Stalled") && shown.contains("Ready") && shown.contains("broken"))
            try await scene.open("/pools/presets/broken")
            let pool = try await scene.browser.shown
            #expect(pool.contains("What happens next") && pool.contains("no space left"))
            try await scene.browser.click("details[id^=log-] summary")
            try await scene.browser.eventually("the log", "document.querySelector('pre').checkVisibility()")
            try await scene.browser.click("form[action$='/retry'] button")
            try await scene.browser.eventually("the retry", "/prewarm tries again now/.test(document.body.innerText)")
        }
    }

    @Test("An operator approves held changes")
    func approval() async throws {
        try await Self.withBrowser { scene in
            try await scene.signIn("ops")
            try await scene.daemon.sandbox.commit([
                "more.yaml": Sandbox.preset("more", instances: 7)
            ])
            _ = try await scene.daemon.post("/api/v1/sync")
            try await scene.daemon.eventually("more is ready") { try await scene.daemon.isReady("more", 7) }
            try await scene.daemon.sandbox.commit(["more.yaml": nil, "a.yaml": nil])
            _ = try await scene.daemon.post("/api/v1/sync")
            try await scene.open("/sources")
            try await scene.browser.eventually("the hold", "/Held changes/.test(document.body.innerText)")
            try await scene.browser.click("details[id^=approve-] summary")
            try await scene.browser.click("form[action='/approve'] button")
            try await scene.browser.eventually(
                "the approval", "/approved \\d+ deletions/.test(document.body.innerText)")
            try await scene.daemon.eventually("the pools are gone") {
                try await scene.daemon.get("/api/v1/presets?name=more").json().list.isEmpty
            }
        }
    }

    @Test("Hostile text of a provisioner and a committer runs no script")
    func hostileText() async throws {
        try await Self.withBrowser { scene in
            let attack = "<img src=x onerror=document.title=1><script>document.title=2</script>"
            let provisioner = Sandbox.provisioner.replacing("no space left", with: attack.replacing("\"", with: ""))
            try scene.daemon.sandbox.write("provision", provisioner, isExecutable: true)
            try await scene.daemon.sandbox.commit([
                "evil.yaml": Sandbox.preset(
                    "evil", instances: 1, "  parameters: {fail: \"yes\", text: \"\(attack)\"}\n")
            ])
            try await scene.daemon.sandbox.git("commit", "-q", "--allow-empty", "-m", attack)
            _ = try await scene.daemon.post("/api/v1/sync")
            try await scene.daemon.eventually("the build has failed") {
                try await scene.daemon.get("/api/v1/events?limit=1000").text.contains("onerror")
            }
            try await scene.signIn("ops")
            for page in Self.pages + ["/pools/presets/evil"] {
                try await scene.open(page)
                #expect(try await scene.browser.text("document.querySelectorAll('img, main script').length") == "0")
                #expect(try await scene.browser.text("document.title").hasSuffix("prewarm"))
            }
            try await scene.open("/pools/presets/evil")
            #expect(try await scene.browser.shown.contains("<img src=x"))
            #expect(try await scene.browser.console().filter { !$0.contains("[DOM]") } == [])
        }
    }
}
