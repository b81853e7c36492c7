import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmProvisioners
import Testing

@testable import PrewarmGit

@Suite("Secrets", .serialized)
struct SecretTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        try await origin.commit()
    }

    /// Returns each kind of credentials for https, with the secret in it.
    private func planted(_ secret: String) throws -> [(String, GitCredentials)] {
        try folder.write("secrets/file", secret + "\n")
        try folder.write("secrets/helper.sh", "echo '{\"username\": \"ada\", \"password\": \"\(secret)\"}'")
        let helper = CommandLogin(
            source: "presets", command: ["/bin/sh", "helper.sh"], url: "", workingDirectory: "\(folder.path)/secrets",
            timeout: .seconds(10), tools: systemTools)
        return [
            ("token", .token(.text(secret))), ("tokenFile", .token(.file("\(folder.path)/secrets/file"))),
            ("password", .usernamePassword(username: "ada", password: .text(secret))),
            ("passwordFile", .usernamePassword(username: "ada", password: .file("\(folder.path)/secrets/file"))),
            ("command", .source(helper)),
        ]
    }

    @Test("A secret is in no error, no description and no file of the mirror, for any answer of the server")
    func nowhere() async throws {
        let secret = "pl4nted+S3cr3t/\(UUID().uuidString.prefix(8))"
        let forms = [
            secret, Data("ada:\(secret)".utf8).base64EncodedString(),
            Data("x-access-token:\(secret)".utf8).base64EncodedString(),
        ]
        var said: [String] = []
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, ["--login", "a:b", "--redirect", "http://localhost:1/\(secret)"]) {
            server in
            try await GitServer.serving(folder, certificate.options) { tls in
                for (_, credentials) in try planted(secret) {
                    let urls =
                        [
                            "login/origin/.git", "status/500/a", "status/403/a", "page/a", "redirect/a",
                            "cut/origin/.git",
                        ]
                        .map { server.url($0) } + [
                            tls.url("a", scheme: "https", host: "localhost"), "http://127.0.0.1:1/a",
                        ]
                    for url in urls {
                        let mirror = try folder.mirror(url) { $0.credentials = credentials }
                        let (failure, _, _) = await mirror.failure()
                        said += ["\(failure as Any)", String(reflecting: failure), String(reflecting: credentials)]
                        #expect(failure != nil, "\(url)")
                    }
                }
            }
        }
        try await GitServer.serving(folder, ["--login", "x-access-token:\(secret)"]) { server in
            let mirror = try folder.mirror(server.url("login/origin/.git")) { $0.credentials = .token(.text(secret)) }
            said.append("\(try await mirror.head()) \(mirror.displayURL) \(String(reflecting: mirror.settings))")
            try await mirror.fetch(try await mirror.head())
        }
        for text in said { #expect(!forms.contains { text.contains($0) }, "\(text)") }
        try expectNothing(of: forms, below: "mirror")
    }

    @Test("A secret of a proxy or a URL is not shown")
    func addresses() async throws {
        let secret = "pl4nted-\(UUID().uuidString.prefix(8))"
        let port = try Listener().port
        for url in ["https://ada:\(secret)@127.0.0.1:\(port)/a.git", "ssh://ada:\(secret)@127.0.0.1:\(port)/a.git"] {
            let mirror = try folder.mirror(url) { $0.proxy = "http://ada:\(secret)@127.0.0.1:\(port)" }
            let failure = try await head(of: mirror)
            #expect(!"\(failure) \(mirror.displayURL)".contains(secret), "\(failure)")
        }
    }

    @Test("The whole address of an invalid proxy is redacted")
    func unreadableProxy() {
        for proxy in ["http://ada:s3/cr3t@127.0.0.1:3128", "socks5://ada:s3 cr3t@127.0.0.1", "ada:s3cr3t"] {
            let settings = GitSettings(name: "a", url: "", mirror: "/", proxy: proxy)
            let text = Redaction(settings, url: nil).clean("malformed URL '\(proxy)'")
            #expect(text == "malformed URL '[redacted]'")
        }
    }

    @Test(
        "The failure of a login command does not contain the secret",
        arguments: [
            "set -x; curl -sf -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:1/; exit 7",
            // The last line is a trace, in which the secret has no recognizable form.
            "set -x; sh -c 'exit 7' \"$TOKEN\"",
            "echo \"could not send Authorization: Bearer $TOKEN\" >&2; exit 7",
            "echo \"login with password=$TOKEN failed\" >&2; exit 7",
            "echo \"fatal: https://ada:$TOKEN@git.example.com/x: 404\" >&2; exit 7",
            "echo \"{\\\"token\\\": \\\"$TOKEN\\\"}\" >&2; exit 7",
        ])
    func failingCommand(script: String) async throws {
        let secret = "pl4nted-\(UUID().uuidString.prefix(8))"
        try folder.write("secrets/fail.sh", "TOKEN=\(secret)\n" + script)
        let helper = CommandLogin(
            source: "presets", command: ["/bin/sh", "fail.sh"], url: "", workingDirectory: "\(folder.path)/secrets",
            timeout: .seconds(10), tools: systemTools)
        let failure = await #expect(throws: GitFailure.self) { try await helper.login() }
        #expect(failure?.message.contains("exit code 7") == true && failure?.message.contains(secret) == false)
    }

    @Test("A secret is not in the list of processes while a command runs")
    func processes() async throws {
        let secret = "pl4nted-\(UUID().uuidString.prefix(8))"
        let script = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' > ../list; echo '{\"password\": \"x\"}'"
        try folder.write("secrets/look.sh", script)
        let helper = CommandLogin(
            source: "presets", command: ["/bin/sh", "look.sh"], url: "", workingDirectory: "\(folder.path)/secrets",
            timeout: .seconds(10), tools: ChildTools(environment: ["PATH": "/usr/bin:/bin", "TOKEN": secret]))
        _ = try await helper.login()
        #expect(folder.read("list").contains("look.sh") && !folder.read("list").contains(secret))
    }

    private func expectNothing(of forms: [String], below name: String) throws {
        let names = folder.names(below: name)
        #expect(names.contains { $0.hasSuffix(".pack") })
        for file in names {
            guard let data = FileManager.default.contents(atPath: "\(folder.path)/\(name)/\(file)") else { continue }
            for form in forms { #expect(data.range(of: Data(form.utf8)) == nil, "\(file)") }
        }
    }
}
