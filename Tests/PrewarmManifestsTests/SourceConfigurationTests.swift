import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("A source of the configuration")
struct SourceConfigurationTests {
    private func parse(_ text: String) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        ConfigurationParser.parse(Array(text.utf8), file: "prewarm.yaml") { _ in nil }
    }

    private func configuration(_ sources: String...) -> String {
        "apiVersion: prewarm/v1\nkind: Config\nsources:\n" + sources.map { "  - {\($0)}\n" }.joined()
            + "provisioners:\n  - {name: local, command: [./provision]}\n"
    }

    @Test("reads several paths, patterns, limits, a proxy and host keys")
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
        "is refused where a login stands in its URL, which is shown nowhere",
        arguments: [
            "https://ada:s3cr3t@example.org/a.git", "https://s3cr3t@example.org/a.git",
            "ssh://git:s3cr3t@example.org/a.git", "http://:s3cr3t@127.0.0.1/a.git",
        ])
    func login(url: String) {
        let (configuration, diagnostics) = parse(configuration("name: a, url: '\(url)'"))
        #expect(configuration == nil)
        #expect(diagnostics.map(\.message) == ["the url of the source a has a login in it"])
        #expect(diagnostics[0].location == "prewarm.yaml:4:20" && diagnostics[0].hint?.contains("auth: {") == true)
        #expect(!"\(diagnostics)".contains("s3cr3t"), "\(diagnostics)")
    }

    @Test("takes the user's name of ssh in its URL", arguments: ["ssh://ada@example.org/a", "ada@example.org:a.git"])
    func sshUser(url: String) {
        #expect(parse(configuration("name: a, url: '\(url)'")).diagnostics == [])
    }

    @Test(
        "shows no secret of its own in what is said of it",
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
        "must not overlap with another",
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
        #expect(diagnostics[0].message.hasPrefix("the source b reads "), "\(diagnostics)")
        #expect(diagnostics[0].position?.line == 5 && diagnostics[0].message.contains("at line 4"))
    }

    @Test(
        "may lie beside another",
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
        "is refused where its keys contradict each other",
        arguments: [
            ("path: a\n    paths: [b]", "the source has path and paths, expected only one of them"),
            ("paths: [a, b, a/c]", "the paths a and a/c overlap | leave out the inner one"),
            ("paths: []", "paths is empty, expected at least 1"),
            ("include: ['!a']", "a pattern cannot be negated with !"),
            ("exclude: ['[ab].yaml']", "a pattern cannot contain [, ] or \\: use *, ** or ?"),
            ("maxPackSize: 10MB", "expected a size as 512MiB or 2GiB"),
            ("proxy: 'socks5://a:1'", "expected a proxy as http://host:port"),
            ("verify: {mode: ssh}", "verify has mode: ssh, but no \"allowedSigners\" with it"),
            ("verify: {mode: openpgp}", "verify has mode: openpgp, but no \"keys\" with it"),
            ("auth: {sshAgent: true, hostKeys: [MD5:00]}", "expected a fingerprint"),
            ("auth: {sshKey: k, hostKeys: [], knownHosts: h}", "hostKeys is empty"),
            ("auth: {sshKey: k, passphrase: abc, passphraseFile: f}", "expected only one of them"),
            ("auth: {clientCertificate: c}", "has no way to show a client certificate"),
            ("auth: {githubApp: {appId: 1}}", "githubApp lacks \"installationId\""),
            (
                "auth: {githubApp: {appId: 1, installationId: 2, privateKeyFile: k, apiUrl: 'http://example.org'}}",
                "expected a URL as https://api.github.com"
            ),
        ])
    func contradictions(line: String, message: String) {
        let (configuration, diagnostics) = parse(configurationText(source: line))
        #expect(configuration == nil)
        #expect(
            diagnostics.contains {
                $0.brief.contains(message) && $0.position?.line == (line.hasPrefix("path: ") ? 4 : 6)
            }, "\(diagnostics)")
    }
}
