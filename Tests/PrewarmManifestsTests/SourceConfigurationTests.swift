import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("Sources in the configuration")
struct SourceConfigurationTests {
    private func parse(_ text: String) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        ConfigurationParser.parse(Array(text.utf8), file: "prewarm.yaml") { _ in nil }
    }

    private func configuration(_ sources: String...) -> String {
        "apiVersion: prewarm/v1\nkind: Config\nsources:\n" + sources.map { "  - {\($0)}\n" }.joined()
            + "provisioners:\n  - {name: local, command: [./provision]}\n"
    }

    @Test("A source has several paths, patterns, limits, a proxy and host keys")
    func everything() throws {
        let key = "SHA256:" + String(repeating: "a", count: 43)
        let (configuration, diagnostics) = parse(
            configuration(
                "name: a, url: git@example.org:a.git, paths: [x, y/z.yaml], include: ['*.yaml'], exclude: [drafts/], "
                    + "maxPackSize: 20MiB, requireFastForward: true, proxy: 'http://proxy:3128', "
                    + "auth: {sshAgent: true, hostKeys: ['\(key)']}, "
                    + "verify: {mode: ssh, allowedSigners: s, scope: new}"))
        #expect(diagnostics == [])
        let source = try #require(configuration?.sources.first)
        #expect(source.paths.map(\.value) == ["x", "y/z.yaml"])
        #expect(source.include.map(\.text) == ["*.yaml"] && source.exclude.map(\.text) == ["drafts/"])
        #expect(source.maxPackSize == 20 << 20 && source.requiresFastForward && source.proxy == "http://proxy:3128")
        #expect(source.hostKeys == .fingerprints([key]))
        #expect(source.verify?.allowedSigners == "s" && source.verify?.coversNewCommits == true)
    }

    @Test(
        "A source with credentials in its URL is refused, and no error shows them",
        arguments: [
            "https://ada:s3cr3t@example.org/a.git", "https://s3cr3t@example.org/a.git",
            "ssh://git:s3cr3t@example.org/a.git", "http://:s3cr3t@127.0.0.1/a.git",
        ])
    func login(url: String) {
        let (configuration, diagnostics) = parse(configuration("name: a, url: '\(url)'"))
        #expect(configuration == nil)
        #expect(diagnostics.map(\.message) == ["invalid source \"a\": its url contains credentials"])
        #expect(diagnostics[0].location == "prewarm.yaml:4:20" && diagnostics[0].hint?.contains("auth: {") == true)
        #expect(!"\(diagnostics)".contains("s3cr3t"), "\(diagnostics)")
    }

    @Test("A URL of ssh may contain a user name", arguments: ["ssh://ada@example.org/a", "ada@example.org:a.git"])
    func sshUser(url: String) {
        #expect(parse(configuration("name: a, url: '\(url)'")).diagnostics == [])
    }

    @Test(
        "No error of a source shows a secret",
        arguments: [
            "auth: {token: s3cr3t, tokn: x}", "auth: {username: a, password: 's3cr3t', x: y}",
            "auth: {sshKey: k, passphrase: \"s3cr3t\", x: y}", "auth: {token: s3cr3t, sshKey: s3cr3t}",
        ])
    func secrets(line: String) {
        let (_, diagnostics) = parse(configurationText(source: line))
        #expect(!diagnostics.isEmpty && diagnostics.allSatisfy { $0.excerpt != nil })
        #expect(!"\(diagnostics)".contains("s3cr3t"), "\(diagnostics)")
    }

    @Test(
        "Two sources with a common path are refused",
        arguments: [
            ("url: https://example.org/a, path: x", "url: https://example.org/a.git/, path: x"),
            ("url: https://example.org/a", "url: https://example.org/a, path: x/y"),
            ("url: https://example.org/a, path: x/y", "url: https://example.org/a, path: ./x/"),
            ("url: git@example.org:a.git, path: x", "url: https://Example.org:443/a, paths: [y, x/z]"),
            ("url: ../a, path: x", "url: ./../a/.git, path: x"),
            ("url: /srv/a.git", "url: file:///srv/a"),
            ("url: git@github.com:Org/A", "url: https://github.com/org/a.git"),
            (
                "url: https://example.org/a, ref: {branch: main}, path: x",
                "url: https://example.org/a, ref: {branch: main}, path: x"
            ),
            ("url: https://example.org/a, exclude: [y/]", "url: https://example.org/a, path: x"),
        ])
    func overlap(first: String, second: String) throws {
        let (configuration, diagnostics) = parse(configuration("name: a, \(first)", "name: b, \(second)"))
        #expect(configuration == nil)
        try #require(diagnostics.count == 1)
        #expect(diagnostics[0].message.hasPrefix("invalid source \"b\": it reads the path "), "\(diagnostics)")
        #expect(diagnostics[0].position?.line == 5 && diagnostics[0].message.contains("at line 4"))
    }

    @Test(
        "Two sources without a common path are accepted",
        arguments: [
            ("url: https://example.org/a, path: x", "url: https://example.org/a, path: xy"),
            ("url: https://example.org/a", "url: https://example.org/b"),
            ("url: https://example.org/a", "url: https://example.com/a"),
            ("url: https://example.org/a, ref: {branch: x}", "url: https://example.org/a, ref: {branch: y}"),
            ("url: https://example.org/a, exclude: [x/]", "url: https://example.org/a, path: x"),
            ("url: https://example.org/a, path: t, exclude: ['*/b']", "url: https://example.org/a, path: t/a/b"),
            ("url: /srv/a", "url: srv/a"),
        ])
    func disjoint(first: String, second: String) {
        #expect(parse(configuration("name: a, \(first)", "name: b, \(second)")).diagnostics == [])
    }

    @Test(
        "A source with invalid or contradictory keys is refused",
        arguments: [
            ("path: a\n    paths: [b]", "invalid source: \"path\" and \"paths\" cannot be used together"),
            ("paths: [a, b, a/c]", "invalid source \"presets\": the paths a and a/c overlap | remove a/c"),
            ("paths: [a/c, a]", "invalid source \"presets\": the paths a/c and a overlap | remove a/c"),
            ("paths: []", "invalid paths: expected at least 1 element, found 0"),
            ("include: ['!a']", "a pattern cannot be negated with !"),
            ("exclude: ['[ab].yaml']", "a pattern cannot contain [, ] or \\: use *, ** or ?"),
            ("maxPackSize: 10MB", "expected a size in KiB, MiB or GiB, for example 512MiB"),
            ("proxy: 'socks5://a:1'", "expected a proxy of the form http://host:port"),
            ("verify: {mode: ssh}", "invalid verify: the mode ssh requires \"allowedSigners\""),
            ("verify: {mode: openpgp}", "invalid verify: the mode openpgp requires \"keys\""),
            ("auth: {sshAgent: true, hostKeys: [MD5:00]}", "expected a fingerprint of the form SHA256:…"),
            (
                "auth: {sshKey: k, hostKeys: [], knownHosts: h}",
                "invalid hostKeys: expected at least 1 element, found 0"
            ),
            (
                "auth: {sshKey: k, passphrase: abc, passphraseFile: f}",
                "invalid auth: \"passphrase\" and \"passphraseFile\" cannot be used together"
            ),
            ("clientCertificate: c", "clientKey"), ("clientKey: c", "clientCertificate"),
            ("auth: {githubApp: {appId: 1}}", "invalid githubApp: the required key \"installationId\" is missing"),
            (
                "auth: {githubApp: {appId: 1, installationId: 2, privateKeyFile: k, apiUrl: 'http://example.org'}}",
                "expected an https URL without user name, for example https://api.github.com"
            ),
        ])
    func contradictions(line: String, message: String) {
        let (configuration, diagnostics) = parse(configurationText(source: line))
        #expect(configuration == nil)
        // A rule about several keys of the source is reported at the source.
        let isOfSource = line.hasPrefix("path: ") || line.hasPrefix("client")
        #expect(
            diagnostics.contains {
                $0.brief.contains(message) && $0.position?.line == (isOfSource ? 4 : 6)
            }, "\(diagnostics)")
    }
}
