import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("Proxies", .serialized)
struct ProxyTests {
    let folder: Folder

    init() async throws {
        folder = try Folder()
        try await Origin(folder).commit()
    }

    @Test("A proxy gets its own login, and the login of the repository stays inside TLS")
    func through() async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, certificate.options + ["--login", "x-access-token:t"]) { server in
            for login in ["", "ada:s3cr3t@"] {
                let options = login.isEmpty ? [] : ["--proxy-login", String(login.dropLast())]
                try await GitServer.serving(folder, options) { proxy in
                    let mirror = try folder.mirror(server.url("login/origin/.git", scheme: "https", host: "localhost"))
                    {
                        $0.caFile = certificate.file
                        $0.credentials = .token("t")
                        $0.proxy = "http://\(login)127.0.0.1:\(proxy.port)"
                    }
                    #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
                    #expect(proxy.requests.allSatisfy { $0.hasPrefix("CONNECT localhost:\(server.port) ") })
                    #expect(!proxy.requests.isEmpty)
                }
            }
        }
    }

    @Test("The requests of a fetch share one connection")
    func connections() async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, certificate.options) { server in
            try await GitServer.serving(folder) { proxy in
                let mirror = try folder.mirror(server.url("open/origin/.git", scheme: "https", host: "localhost")) {
                    $0.caFile = certificate.file
                    $0.proxy = "http://127.0.0.1:\(proxy.port)"
                }
                let revision = try await mirror.head()
                #expect(proxy.requests.count == 1)
                try await mirror.fetch(revision)
                #expect(server.requests.count == 3 && proxy.requests.count == 2)
            }
        }
    }

    @Test("A redirect behind a proxy is not followed, and the login stays")
    func redirect() async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost,DNS:127.0.0.1")
        try await GitServer.serving(folder, certificate.options + ["--login", "x-access-token:t"]) { other in
            let target = other.url("login", scheme: "https", host: "localhost")
            try await GitServer.serving(folder, certificate.options + ["--redirect", target]) { server in
                try await GitServer.serving(folder) { proxy in
                    let url = server.url("redirect/origin/.git", scheme: "https", host: "localhost")
                    let mirror = try folder.mirror(url) {
                        $0.caFile = certificate.file
                        $0.credentials = .token("t")
                        $0.proxy = "http://127.0.0.1:\(proxy.port)"
                    }
                    let failure = try await head(of: mirror)
                    #expect(failure.reason == .refused && failure.message.contains("redirects"), "\(failure)")
                    #expect(other.requests == [])
                    #expect(proxy.requests.allSatisfy { $0.contains(":\(server.port) ") }, "\(proxy.requests)")
                }
            }
        }
    }

    @Test(
        "An invalid proxy is refused before any request, and the message does not show it",
        arguments: [
            ("http://ada:s3/cr3t@127.0.0.1:1", "not a valid address"),
            ("http://ada:33/cr3t@127.0.0.1:1", "not a valid address"),
            ("http://ada:s3?cr3t@127.0.0.1:1", "not a valid address"),
            ("http://ada:33#cr3t@127.0.0.1:1", "not a valid address"),
            ("http://ada:s3cr3t@127.0.0.1:x", "not a valid address"), ("http://ada:s3cr3t@", "not a valid address"),
            ("socks5://ada:s3cr3t@127.0.0.1:1", "only http:// proxies"),
            ("ada:s3cr3t@127.0.0.1:1", "only http:// proxies"),
        ])
    func unusable(_ proxy: String, _ message: String) async throws {
        let listener = try Listener()
        let failure = try await head(
            of: try folder.mirror("https://127.0.0.1:\(listener.port)/a") { $0.proxy = proxy })
        #expect(failure.reason == .refused && failure.message.contains(message), "\(failure)")
        #expect(failure.message.contains("source presets") && failure.hint?.contains("%2F") == true)
        for part in ["cr3t", "ada", "127.0.0.1"] { #expect(!"\(failure)".contains(part), "\(failure)") }
    }

    @Test("A proxy that refuses or is missing is reported, without its login")
    func refused() async throws {
        let port = try Listener().port
        try await GitServer.serving(folder, ["--proxy-login", "ada:other"]) { proxy in
            for (address, reason) in [
                ("ada:s3cr3t@127.0.0.1:\(proxy.port)", GitFailure.Reason.authenticationFailed),
                ("ada:s3cr3t@127.0.0.1:\(port)", .unreachable),
            ] {
                let mirror = try folder.mirror("https://localhost:\(port)/a") { $0.proxy = "http://\(address)" }
                let failure = try await head(of: mirror)
                #expect(failure.reason == reason, "\(failure)")
                #expect(
                    failure.message.hasPrefix("cannot log in to the proxy of source presets")
                        == (reason == .authenticationFailed))
                #expect(!"\(failure)".contains("s3cr3t") && !"\(failure)".contains("YWRh"), "\(failure)")
                #expect(failure.message.contains(address.split(separator: "@").last ?? "?") || reason != .unreachable)
            }
        }
    }
}
