import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("Fetching over HTTPS", .serialized)
struct TLSTests {
    let folder: Folder

    init() async throws {
        folder = try Folder()
        try await Origin(folder).commit()
    }

    private let repository = "open/origin/.git"

    @Test("A certificate of an untrusted authority is refused")
    func unknownAuthority() async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        let other = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, certificate.options + ["--login", "a:b"]) { server in
            for file in [nil, other.file] {
                let mirror = try folder.mirror(server.url(repository, scheme: "https", host: "localhost")) {
                    $0.caFile = file
                    $0.credentials = .token("s3cr3t")
                }
                let failure = try await head(of: mirror)
                #expect(failure.reason == .refused)
                let message = "cannot connect to localhost:\(server.port): its certificate is not trusted"
                #expect(failure.message.contains(message), "\(failure)")
                #expect(failure.hint?.contains("authority") == true)
            }
            #expect(server.requests == [])
        }
    }

    @Test("A certificate in the caFile is trusted")
    func knownAuthority() async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, certificate.options + ["--login", "x-access-token:t0ken"]) { server in
            let mirror = try folder.mirror(server.url("login/origin/.git", scheme: "https", host: "localhost")) {
                $0.caFile = certificate.file
                $0.credentials = .token("t0ken")
            }
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
        }
    }

    @Test("A changed caFile is read again")
    func rotation() async throws {
        let old = try await Certificate(folder, for: "DNS:localhost")
        let new = try await Certificate(folder, for: "DNS:localhost")
        try await run("cp", [old.file, "trusted.pem"], in: folder.path)
        try await GitServer.serving(folder, new.options) { server in
            let mirror = try folder.mirror(server.url(repository, scheme: "https", host: "localhost")) {
                $0.caFile = "\(folder.path)/trusted.pem"
            }
            #expect(try await head(of: mirror).reason == .refused)
            try await run("cp", [new.file, "trusted.pem"], in: folder.path)
            #expect(try await mirror.head().ref == "main")
        }
    }

    @Test("A certificate for another host is refused", arguments: ["DNS:example.org", "IP:127.0.0.2", "DNS:*.host"])
    func wrongHost(_ name: String) async throws {
        let certificate = try await Certificate(folder, for: name)
        try await GitServer.serving(folder, certificate.options) { server in
            for host in ["localhost", "127.0.0.1"] {
                let failure = try await head(
                    of: try folder.mirror(server.url(repository, scheme: "https", host: host)) {
                        $0.caFile = certificate.file
                    })
                #expect(failure.reason == .refused)
                #expect(failure.message.contains("is for another host"), "\(failure)")
            }
            #expect(server.requests == [])
        }
    }

    @Test("Two sources trust different authorities at the same time")
    func twoAuthorities() async throws {
        let one = try await Certificate(folder, for: "DNS:localhost")
        let two = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, one.options) { first in
            try await GitServer.serving(folder, two.options) { second in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        let (server, right, wrong) = number % 2 == 0 ? (first, one, two) : (second, two, one)
                        let file = number % 5 == 4 ? wrong.file : right.file
                        let mirror = try folder.mirror(server.url(repository, scheme: "https", host: "localhost")) {
                            $0.caFile = file
                            $0.mirror += "\(number)"
                        }
                        group.addTask {
                            let isRefused = (try? await mirror.head()) == nil
                            #expect(isRefused == (number % 5 == 4))
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("A slow connected source does not delay a source that trusts another authority")
    func slowNeighbour() async throws {
        let one = try await Certificate(folder, for: "DNS:localhost")
        let two = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, one.options) { slow in
            try await GitServer.serving(folder, two.options) { quick in
                let silent = try folder.mirror(slow.url("silent/a", scheme: "https", host: "localhost")) {
                    $0.caFile = one.file
                    $0.mirror += "1"
                }
                let mirror = try folder.mirror(quick.url(repository, scheme: "https", host: "localhost")) {
                    $0.caFile = two.file
                    $0.limits.timeout = .seconds(10)
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try? await silent.head() }
                    try await eventually("the slow server is asked") { !slow.requests.isEmpty }
                    #expect(try await mirror.head().ref == "main")
                    group.cancelAll()
                }
            }
        }
    }

    @Test("A caFile that is not readable is named in the failure", arguments: ["missing.pem", "text.pem"])
    func unreadable(_ name: String) async throws {
        try folder.write("text.pem", "no certificate\n")
        let listener = try Listener()
        let mirror = try folder.mirror("https://127.0.0.1:\(listener.port)/a") { $0.caFile = "\(folder.path)/\(name)" }
        let failure = try await head(of: mirror)
        #expect(failure.reason == .refused)
        #expect(failure.message.contains("\(folder.path)/\(name)"), "\(failure)")
    }

    @Test("A server that does not speak TLS is reported as unreachable")
    func noTLS() async throws {
        try await GitServer.serving(folder) { server in
            let mirror = try folder.mirror(server.url(repository, scheme: "https", host: "localhost")) {
                $0.limits.idleTimeout = .seconds(2)
            }
            let failure = try await head(of: mirror)
            #expect(failure.reason == .unreachable)
        }
    }

    @Test("A server is read by TLS 1.2 and by TLS 1.3 alone", arguments: [[], ["--tls13"]])
    func versions(_ options: [String]) async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, certificate.options + options) { server in
            let mirror = try folder.mirror(server.url(repository, scheme: "https", host: "localhost")) {
                $0.caFile = certificate.file
            }
            #expect(try await contents(mirror, try await mirror.head()) == ["a.yaml": "a"])
        }
    }

    @Test("A server that requires a client certificate gets the configured one", arguments: [[], ["--tls13"]])
    func clientCertificate(_ options: [String]) async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        let client = try await Certificate(folder, for: "DNS:client")
        let other = try await Certificate(folder, for: "DNS:client")
        let options = certificate.options + ["--client-ca", client.file] + options
        try await GitServer.serving(folder, options) { server in
            func mirror(_ shown: Certificate?, key: String? = nil) throws -> GitMirror {
                try folder.mirror(server.url(repository, scheme: "https", host: "localhost")) {
                    $0.caFile = certificate.file
                    $0.clientCertificate = shown.map { ($0.file, key ?? $0.key) }
                }
            }
            let good = try mirror(client)
            #expect(try await contents(good, try await good.head()) == ["a.yaml": "a"])
            let missing = try await head(of: try mirror(nil))
            #expect(missing.reason == .refused && missing.hint?.contains("clientCertificate") == true, "\(missing)")
            let wrong = try await head(of: try mirror(other))
            #expect(wrong.reason == .refused && wrong.message.contains("refused the client certificate"), "\(wrong)")
            let noKey = try await head(of: try mirror(client, key: "\(folder.path)/missing"))
            #expect(noKey.message == "cannot use the private key in \(folder.path)/missing")
        }
    }
}
