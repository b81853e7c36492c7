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

    @Test("The limitation of libgit2 is a sentence with its version")
    func sentence() {
        #expect(GitLibrary.limit.hasPrefix("libgit2 \(GitLibrary.version) ") && GitLibrary.limit.contains("SHA-1"))
        #expect(GitLibrary.version.hasPrefix("1."))
    }
}
