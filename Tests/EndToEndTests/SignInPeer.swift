import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage

/// Runs `Tests/sign-in-peer.py`: a provider of identities, and a proxy that speaks TLS to browsers.
enum SignInPeer {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "sign-in-peer.py").path

    /// Runs a program while `body` runs.
    /// - Parameter file: The file in the sandbox to which the program writes its port.
    static func run(
        _ program: [String], file: String, in sandbox: Sandbox, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        _ = try await Subprocess.run(
            .name("python3"), arguments: Arguments([script] + program), input: .none, output: .discarded,
            error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            for _ in 0..<2400 {
                if let text = sandbox.bytes(file), let port = Int(String(decoding: text, as: UTF8.self)) {
                    return try await body(port)
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw SandboxError(message: "\(program[0]) did not start")
        }
    }

    /// Runs the provider while `body` runs, which gets its URL.
    static func provide(in sandbox: Sandbox, _ body: @escaping @Sendable (String) async throws -> Void) async throws {
        let file = sandbox.root.appending(path: "provider-port").path
        try await run(["provide", file], file: "provider-port", in: sandbox) { port in
            try await body("http://127.0.0.1:\(port)")
        }
    }

    /// Returns the entry of `server.signIn` for the provider of `provide`.
    static func entry(_ issuer: String, name: String = "company", more: String = "") -> String {
        """
            - name: \(name)
              title: Example Inc
              issuer: \(issuer)
              clientId: prewarm client
              \(more.isEmpty ? "clientSecret: \"a secret: 100 %\"" : more)
              rules:
                - {claims: {groups: platform}, role: operator}
                - {claims: {email: ada@example.org}, role: viewer, presets: [a]}

        """
    }
}

/// A browser without pages: it keeps cookies and follows no redirects.
final class Visitor {
    private var cookies: [String: String] = [:]
    private static let http = HTTPClient(
        eventLoopGroup: HTTPClient.defaultEventLoopGroup,
        configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))

    /// The cookies as a header.
    var header: String { cookies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; ") }
    var cookieNames: Set<String> { Set(cookies.keys) }

    func get(_ url: String, _ fields: [String: String] = [:]) async throws -> RunningDaemon.Answer {
        var request = HTTPClientRequest(url: url)
        for (name, value) in ["Cookie": header].merging(fields, uniquingKeysWith: { $1 }) where !value.isEmpty {
            request.headers.add(name: name, value: value)
        }
        let response = try await Self.http.execute(request, timeout: .seconds(120))
        let body = try await response.body.collect(upTo: 8 << 20)
        for field in response.headers["Set-Cookie"] {
            let pair = field.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1).map(String.init)
            cookies[pair[0]] = field.contains("Max-Age=0") ? nil : pair.count > 1 ? pair[1] : ""
        }
        return RunningDaemon.Answer(
            status: Int(response.status.code), headers: response.headers, text: String(buffer: body))
    }

    /// Begins a sign-in and signs in at the provider.
    /// - Returns: The address of the daemon to which the provider sends the browser back.
    func callback(_ daemon: RunningDaemon, name: String = "company", next: String = "/sources") async throws -> String {
        let begun = try await get("\(daemon.url)/login/\(name)?next=\(next)")
        guard begun.status == 303, let address = begun.headers.first(name: "Location") else {
            throw SandboxError(message: "the sign-in does not begin: \(begun.status) \(begun.text)")
        }
        // Cookies belong to a host, and the provider of the tests is on the same one.
        let answer = try await get(address, ["Cookie": ""])
        return answer.headers.first(name: "Location") ?? ""
    }
}
