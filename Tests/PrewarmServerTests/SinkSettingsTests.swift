import PrewarmCore
import PrewarmEngine
import PrewarmManifests
@testable import PrewarmNotifications
@testable import PrewarmServer
import Testing

@Suite("The settings of notification sinks")
struct SinkSettingsTests {
    @Test("The configuration accepts every type of notification except the ends of incidents")
    func types() {
        let ends: Set<NotificationType> = [
            .revisionRecovered, .presetRecovered, .workspaceRecovered, .provisionerAvailable, .sourceRecovered,
        ]
        let all = Set(NotificationType.allCases).subtracting(ends).map(\.rawValue)
        #expect(Set(Configuration.Notification.types) == Set(all))
        #expect(Set(Configuration.Notification.standardTypes) == Set(NotificationType.standard.map(\.rawValue)))
        #expect(Configuration.Notification.kinds == SinkSettings.Kind.allCases.map(\.rawValue))
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let settings: SinkSettings
        let says: String
        var sources = ["presets": "https://github.com/acme/presets.git"]

        var testDescription: String { says }
    }

    static let bad = [
        Bad(settings: SinkSettings(name: "s", kind: .webhook, url: "https://x.org/h", secret: "short"), says: "whsec_"),
        Bad(
            settings: SinkSettings(name: "s", kind: .slack, url: "http://hooks.slack.com/T"),
            says: "missing or invalid url"),
        Bad(
            settings: SinkSettings(name: "s", kind: .slack, url: "https://u:p@hooks.slack.com/T"),
            says: "missing or invalid url"),
        Bad(settings: SinkSettings(name: "s", kind: .slack), says: "missing or invalid url"),
        Bad(settings: SinkSettings(name: "s", kind: .github), says: "no token"),
        Bad(settings: SinkSettings(name: "s", kind: .gitea, secret: "token\n"), says: "without white space"),
        Bad(
            settings: SinkSettings(name: "s", kind: .github, secret: "t", sources: ["other"]),
            says: "no source \"other\""),
        Bad(
            settings: SinkSettings(name: "s", kind: .github, secret: "t"), says: "names no repository at a forge",
            sources: ["presets": "/srv/git/presets.git"]),
        Bad(
            settings: SinkSettings(name: "s", kind: .gitlab, secret: "t"), says: "at git.a.org and git.b.org",
            sources: ["a": "https://git.a.org/x/y.git", "b": "https://git.b.org/x/y.git"]),
        Bad(
            settings: SinkSettings(name: "s", kind: .gitea, secret: "t", repository: "x/y"),
            says: "one repository for 2 sources",
            sources: ["a": "https://git.a.org/x/y.git", "b": "https://git.a.org/x/z.git"]),
        Bad(
            settings: SinkSettings(name: "s", kind: .slack, url: "https://x.org/h", caFile: "/nowhere.pem"),
            says: "cannot read the certificates in /nowhere.pem"),
    ]

    @Test("A sink with unusable settings is refused with an error and a hint before anything is sent", arguments: bad)
    func refused(bad: Bad) throws {
        let journal = try Journal(sources: bad.sources)
        do {
            _ = try journal.notifier(bad.settings)
            Issue.record("the settings were accepted")
        } catch {
            #expect(error.message.contains(bad.says), "\(error.message)")
            #expect(error.sink == "s" && error.hint != nil)
        }
    }

    @Test(
        "The forge and the repository follow from the URL of a source",
        arguments: [
            ("https://github.com/acme/presets.git", "https://github.com", "acme/presets"),
            ("https://GitHub.com/acme/presets/", "https://github.com", "acme/presets"),
            ("https://git.example.org:8443/a/b/c.git", "https://git.example.org:8443", "a/b/c"),
            ("ssh://git.example.org:2222/a/b.git", "https://git.example.org", "a/b"),
            ("ssh://git@ssh.github.com:443/acme/presets.git", "https://github.com", "acme/presets"),
            ("gitlab.com:group/sub/presets.git", "https://gitlab.com", "group/sub/presets"),
            ("git@altssh.gitlab.com:group/presets", "https://gitlab.com", "group/presets"),
        ])
    func repository(url: String, address: String, path: String) {
        let repository = ForgeRepository(url: url)
        #expect(repository?.address.text == address)
        #expect(repository?.path == path)
    }

    @Test(
        "A URL that leads to no forge gives no repository",
        arguments: ["/srv/git/a/b.git", "file:///srv/a/b", "https://x.org/a", "", "https://"])
    func noRepository(url: String) {
        #expect(ForgeRepository(url: url) == nil)
    }

    @Test(
        "Retry-After is a number of seconds or a date, and at most one hour",
        arguments: [
            ("0", 0), ("120", 120), ("99999999", 3600), ("-5", 0), ("Wed, 23 Jan 2030 00:00:10 GMT", 10),
            ("Tue, 22 Jan 2030 00:00:00 GMT", 0), ("soon", nil), ("", nil), ("Wed, 23 Foo 2030 00:00:10 GMT", nil),
        ] as [(String, Int?)])
    func retryAfter(text: String, seconds: Int?) throws {
        let now = try #require(Timestamp("2030-01-23T00:00:00Z"))
        #expect(RetryAfter.duration(text, now: now) == seconds.map { .seconds($0) })
    }
}
