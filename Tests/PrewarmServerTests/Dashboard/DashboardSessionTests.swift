import HTTPTypes
import PrewarmDashboard
import Testing

@testable import PrewarmServer

@Suite("Sessions of the dashboard")
struct DashboardSessionTests {
    private let start = ContinuousClock.now

    @Test("A session is found by its cookie until it is idle or too old")
    func lifetime() {
        let sessions = DashboardSessions()
        let cookie = sessions.start(.token("Bearer x"), caller: "token a", now: start)
        #expect(sessions.session(of: cookie, now: start)?.credential.text == "Bearer x")
        #expect(sessions.session(of: cookie + "0", now: start) == nil)
        #expect(sessions.session(of: cookie, now: start + DashboardSessions.idle) == nil)

        let busy = sessions.start(.token("Bearer x"), caller: "token a", now: start)
        var time = start
        while time < start + DashboardSessions.longest {
            #expect(sessions.session(of: busy, now: time) != nil)
            time += .seconds(3600)
        }
        #expect(sessions.session(of: busy, now: time) == nil)
    }

    @Test("Beyond the limits, the session that was not used longest ends")
    func limits() {
        let sessions = DashboardSessions()
        let cookies = (0...DashboardSessions.mostOfCaller).map { index in
            sessions.start(.token("Bearer x"), caller: "token a", now: start + .seconds(index))
        }
        #expect(sessions.session(of: cookies[0], now: start + .seconds(100)) == nil)
        #expect(cookies.dropFirst().allSatisfy { sessions.session(of: $0, now: start + .seconds(100)) != nil })
        for index in 0..<DashboardSessions.most {
            _ = sessions.start(.token("Bearer y"), caller: "token \(index)", now: start + .seconds(200))
        }
        #expect(cookies.allSatisfy { sessions.session(of: $0, now: start + .seconds(201)) == nil })
    }

    @Test("A notice is shown once, and only in its session")
    func notices() {
        let sessions = DashboardSessions()
        let (one, two) = (sessions.start(.token("a"), caller: "a"), sessions.start(.token("b"), caller: "b"))
        sessions.leave(Notice("done"), for: one)
        #expect(sessions.takeNotice(of: two) == nil)
        #expect(sessions.takeNotice(of: one)?.text == "done")
        #expect(sessions.takeNotice(of: one) == nil)
    }

    @Test("The secrets of forms belong to one session")
    func formSecrets() throws {
        let sessions = DashboardSessions()
        let one = try #require(sessions.session(of: sessions.start(.token("a"), caller: "a")))
        let two = try #require(sessions.session(of: sessions.start(.token("a"), caller: "a")))
        #expect(one.accepts(formSecret: one.formSecret))
        #expect(!one.accepts(formSecret: two.formSecret) && !one.accepts(formSecret: ""))
    }

    @Test("A code works once, and for a minute")
    func codes() {
        let codes = SignInCodes()
        let code = codes.issue(for: "Bearer x", now: start)
        #expect(codes.redeem("other", now: start) == nil)
        #expect(codes.redeem(code, now: start + .seconds(59)) == "Bearer x")
        #expect(codes.redeem(code, now: start + .seconds(59)) == nil)
        let late = codes.issue(for: "Bearer x", now: start)
        #expect(codes.redeem(late, now: start + SignInCodes.lifetime) == nil)
        let oldest = codes.issue(for: "Bearer x", now: start)
        for index in 1...SignInCodes.most { _ = codes.issue(for: "Bearer y", now: start + .milliseconds(index)) }
        #expect(codes.redeem(oldest, now: start + .seconds(1)) == nil)
    }

    @Test(
        "A form is accepted only from a page of this daemon",
        arguments: [
            (["Sec-Fetch-Site": "same-origin"], true), (["Sec-Fetch-Site": "cross-site"], false),
            (["Sec-Fetch-Site": "same-site"], false), (["Sec-Fetch-Site": "none"], false),
            (["Sec-Fetch-Site": "cross-site", "Origin": "http://prewarm.example:7430"], false),
            (["Origin": "http://prewarm.example:7430"], true), (["Origin": "https://PREWARM.example:7430"], true),
            (["Origin": "http://prewarm.example"], false), (["Origin": "http://evil.example"], false),
            (["Origin": "null"], false), ([:], false),
        ])
    func origins(fields: [String: String], isAllowed: Bool) {
        var all = HTTPFields()
        for (name, value) in fields { if let name = HTTPField.Name(name) { all[name] = value } }
        #expect(SameOrigin.allows(all, host: "prewarm.example:7430") == isAllowed)
    }

    @Test(
        "A sign-in goes only to a path of this daemon",
        arguments: [
            ("/pools/main/go", "/pools/main/go"), ("/?q=a%20b", "/?q=a%20b"), ("//evil.example", "/"), ("/\\evil", "/"),
            ("https://evil.example", "/"), ("", "/"), ("/a b", "/"), ("/a\r\nSet-Cookie: x=y", "/"),
        ])
    func targets(given: String, expected: String) {
        #expect(RequestHandler.target(given) == expected)
    }
}

extension SessionCredential {
    fileprivate var text: String? { if case .token(let text) = self { text } else { nil } }
}
