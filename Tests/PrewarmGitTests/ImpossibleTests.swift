import Foundation
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmGit

@Suite("Limitations of libgit2", .serialized)
struct ImpossibleTests {
    let folder: Folder

    init() throws {
        folder = try Folder()
    }

    @Test("A repository of SHA-256 objects is refused", arguments: ["file", "http"])
    func sha256(_ scheme: String) async throws {
        try await run("git", ["init", "-q", "-b", "main", "--object-format=sha256", "origin"], in: folder.path)
        try writeFile("\(folder.path)/origin/a.yaml", .init("a".utf8))
        try await run("git", ["add", "-A"], in: "\(folder.path)/origin")
        try await run("git", ["commit", "-q", "-m", "a"], in: "\(folder.path)/origin")
        try await GitServer.serving(folder) { server in
            let url = scheme == "file" ? "\(folder.path)/origin" : server.url("open/origin/.git")
            let failure = try await head(of: try folder.mirror(url))
            #expect(failure.reason == .refused && failure.message.contains("SHA-256"), "\(failure)")
            #expect(failure.hint?.contains("SHA-1") == true)
        }
        let pinned = #expect(throws: GitFailure.self) {
            try folder.mirror("/a") { $0.ref = .commit(String(repeating: "a", count: 64)) }
        }
        #expect(pinned?.message.contains("SHA-256") == true)
    }

    @Test(
        "A server that supports only TLS 1.3 is refused",
        .enabled(if: LibraryLimits.usesMbedTLS, "this libgit2 supports it"))
    func tls13() async throws {
        try await Origin(folder).commit()
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, certificate.options + ["--tls13"]) { server in
            let mirror = try folder.mirror(server.url("open/origin/.git", scheme: "https", host: "localhost")) {
                $0.caFile = certificate.file
            }
            let failure = try await head(of: mirror)
            #expect(failure.reason == .refused, "\(failure)")
            #expect(failure.hint?.contains("1.2") == true, "\(failure)")
        }
    }

    @Test("The limitations of this machine are listed in sentences")
    func sentences() async throws {
        // Set up the library.
        _ = try await head(of: try folder.mirror("\(folder.path)/nothing"))
        #expect(LibraryLimits.all.contains { $0.contains("client certificate") })
        #expect(LibraryLimits.all.contains { $0.contains("SHA-1") })
        #expect(LibraryLimits.all.contains { $0.contains("RSA") } == LibraryLimits.knowsRSABySHA1Only)
        #expect(LibraryLimits.summary.hasPrefix("libgit2 1.") && LibraryLimits.summary.contains("libssh2 1."))
    }
}
