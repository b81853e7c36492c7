import Foundation
import Glibc
import PrewarmCore
import PrewarmEngine
@testable import PrewarmGit
import Testing

@Suite("Mirrors", .serialized)
struct MirrorTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        try await origin.commit(["a.yaml": "a", "folder/b.yaml": String(repeating: "b", count: 5000)])
    }

    private let expected = ["a.yaml": "a", "folder/b.yaml": String(repeating: "b", count: 5000)]

    @Test("A directory with the mirror of another URL is used for the new URL")
    func otherURL() async throws {
        let mirror = try folder.mirror(origin.path)
        #expect(try await contents(mirror, try await mirror.head()) == expected)
        let other = try await Origin(folder, "other")
        try await other.commit(["c.yaml": "c"])
        let next = try folder.mirror(other.path)
        #expect(try await contents(next, try await next.head()) == ["c.yaml": "c"])
    }

    /// A script that unpacks the mirror into loose objects, and sets `$c` to the commit.
    private static let loosen =
        "cd mirror/repository.git && c=$(git rev-parse refs/prewarm/heads/main) && mv objects/pack/*.pack ../pack && "
        + "rm objects/pack/* && git unpack-objects -q < ../pack && rm ../pack"

    @Test("A mirror keeps few packs after many pushes, without further requests to the server")
    func bounded() async throws {
        try await GitServer.serving(folder) { server in
            let mirror = try folder.mirror(server.url("open/origin/.git")) { $0.limits.packs = 3 }
            var revisions: [Revision] = []
            for number in 0..<12 {
                try await origin.commit(["a.yaml": "\(number)"])
                let revision = try await mirror.head()
                try await mirror.fetch(revision)
                revisions.append(revision)
                let packs = folder.names(below: "mirror/repository.git/objects/pack").count { $0.hasSuffix(".pack") }
                #expect(packs <= 3)
            }
            #expect(server.requests.count { $0.hasPrefix("POST ") } == 12)
            for (number, revision) in revisions.enumerated() {
                #expect(try await contents(mirror, revision)["a.yaml"] == "\(number)")
            }
            #expect(try await mirror.isAncestor(revisions[0], of: revisions[11]))
            #expect(server.requests.count { $0.hasPrefix("POST ") } == 12)
            #expect(folder.names(below: "mirror").allSatisfy { !$0.contains("incoming") && !$0.contains("discarded") })
        }
    }

    @Test("Small packs are combined, and large ones are rarely copied")
    func folds() throws {
        func folded(_ sizes: UInt64...) -> [UInt64] {
            PackFolding.foldable(sizes.map { MirrorDirectory.Pack(path: "p\($0)", size: $0) }).map(\.size)
        }
        #expect(folded(900, 3, 2, 4, 3) == [2, 3, 3, 4])
        #expect(folded(900, 30, 2, 4, 3) == [2, 3, 4])
        #expect(folded(900, 10, 2, 4) == [2, 4, 10])
        #expect(folded(7) == [7])
    }

    @Test("Objects that forced pushes replaced are removed when the mirror is several times too large")
    func shrinks() async throws {
        let first = try await origin.git("rev-parse", "HEAD")
        let mirror = try folder.mirror(origin.path)
        var sizes: [Int] = []
        for _ in 0..<9 {
            try await origin.git("reset", "-q", "--hard", first)
            try await run("sh", ["-c", "head -c 5000000 /dev/urandom > noise"], in: origin.path)
            try await origin.commit([:])
            try await mirror.fetch(try await mirror.head())
            sizes.append(try mirrorSize())
        }
        let (largest, last) = (sizes.max() ?? 0, sizes.last ?? 0)
        #expect(largest < 45_000_000 && largest > 20_000_000 && last < largest / 2, "\(sizes)")
        #expect(try await contents(mirror, try await mirror.head()) == expected)
    }

    private func mirrorSize() throws -> Int {
        let packs = "\(folder.path)/mirror/repository.git/objects/pack"
        return try FileManager.default.contentsOfDirectory(atPath: packs).reduce(0) { sum, name in
            sum + (try FileManager.default.attributesOfItem(atPath: "\(packs)/\(name)")[.size] as? Int ?? 0)
        }
    }

    @Test("A pack that is larger than the limit is refused", arguments: ["file", "http"])
    func packLimit(_ scheme: String) async throws {
        try await run("sh", ["-c", "head -c 500000 /dev/urandom > noise"], in: origin.path)
        try await origin.commit([:])
        try await GitServer.serving(folder) { server in
            let url = scheme == "file" ? origin.path : server.url("open/origin/.git")
            let mirror = try folder.mirror(url) { $0.limits.packSize = 64 << 10 }
            let revision = try await mirror.head()
            let failure = await #expect(throws: GitFailure.self) { try await mirror.fetch(revision) }
            #expect(failure?.reason == .tooLarge)
            #expect(failure?.message.contains("larger than 64 KiB") == true, "\(String(describing: failure))")
            #expect(failure?.hint?.contains("raise `maxPackSize` of source presets") == true)
            #expect(server.requests.count { $0.hasPrefix("POST ") } <= 1)
            let larger = try folder.mirror(url) { $0.limits.packSize = 1 << 20 }
            #expect(try await contents(larger, revision) == expected)
        }
    }

    @Test(
        "A damaged mirror is created again",
        arguments: [
            "cd mirror/repository.git/objects && find . -type f | while read f; do chmod u+w $f; : > $f; done",
            "cd mirror/repository.git/objects && find . -type f | while read f; do chmod u+w $f; truncate -s 70 $f; done",
            "cd mirror/repository.git/objects && find . -type f | while read f; do chmod u+w $f; truncate -s -30 $f; done",
            "cd mirror/repository.git/objects && find . -name '*.idx' -delete",
            "cd mirror/repository.git/objects && find . -name '*.pack' -delete",
            "rm -r mirror/repository.git/objects",
            "rm mirror/repository.git/HEAD", "printf x > mirror/repository.git/config",
            "rm -r mirror/repository.git; mkdir mirror/repository.git",
            "rm -r mirror/repository.git; touch mirror/repository.git",
            "mkdir mirror/incoming.git; touch mirror/incoming.git/x; cp -r mirror/repository.git mirror/discarded.git",
            "mv mirror/repository.git mirror/discarded.git",
            // Remove the object of one file, or of one folder.
            "\(loosen) && rm objects/$(git rev-parse $c:a.yaml | sed 's,^..,&/,')",
            "\(loosen) && rm objects/$(git rev-parse $c:folder | sed 's,^..,&/,')",
            "\(loosen) && rm objects/$(echo $c | sed 's,^..,&/,')", "rm -r mirror",
            "chmod 0 mirror/repository.git/HEAD",
            "cd mirror/repository.git && touch HEAD.lock config.lock packed-refs.lock refs/prewarm/heads/main.lock "
                + "objects/pack/pack_git2_abc",
        ])
    func damage(_ command: String) async throws {
        let mirror = try folder.mirror(origin.path)
        let revision = try await mirror.head()
        #expect(try await contents(mirror, revision) == expected)
        try await run("sh", ["-c", command], in: folder.path)
        for mirror in [mirror, try folder.mirror(origin.path)] {
            #expect(try await contents(mirror, revision) == expected)
        }
        try await origin.commit(["a.yaml": "new"])
        let next = try await mirror.head()
        #expect(try await contents(mirror, next)["a.yaml"] == "new")
    }

    @Test("A new revision is fetched into a damaged mirror")
    func damageBeforeNews() async throws {
        let mirror = try folder.mirror(origin.path)
        try await mirror.fetch(try await mirror.head())
        let packs = "mirror/repository.git/objects"
        try await run("sh", ["-c", "find \(packs) -type f -exec truncate -s 70 {} +"], in: folder.path)
        try await origin.commit(["a.yaml": "new"])
        let next = try await mirror.head()
        #expect(try await contents(mirror, next)["a.yaml"] == "new")
    }

    @Test("A file in the place of the mirror's directory is reported")
    func occupied() async throws {
        try folder.write("mirror", "a file")
        let mirror = try folder.mirror(origin.path)
        let revision = try await mirror.head()
        let failure = await #expect(throws: GitFailure.self) { try await mirror.fetch(revision) }
        #expect(failure?.reason == .fetchFailed)
        #expect(failure?.message.contains("\(folder.path)/mirror") == true, "\(String(describing: failure))")
    }

    @Test("Many mirrors of one directory fetch at the same time")
    func together() async throws {
        let tips = try await withThrowingTaskGroup(of: [String: String].self) { group in
            for _ in 0..<8 {
                let mirror = try folder.mirror(origin.path)
                group.addTask { try await contents(mirror, try await mirror.head()) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(tips == [[String: String]](repeating: expected, count: 8))
    }

    @Test("A mirror is read while others fetch into it and create it again")
    func grown() async throws {
        var revisions: [Revision] = []
        for number in 0..<6 {
            revisions.append(Revision(ref: "main", commit: try await origin.commit(["a.yaml": "\(number)"])))
        }
        let all = revisions
        try await withThrowingTaskGroup(of: Void.self) { group in
            for start in 0..<4 {
                let mirror = try folder.mirror(origin.path)
                let folder = folder
                group.addTask {
                    for index in 0..<all.count {
                        let number = (index + start) % all.count
                        if start == 3, index == 3 {
                            let mirror = "\(folder.path)/mirror/repository.git"
                            try? FileManager.default.moveItem(atPath: mirror, toPath: mirror + ".away")
                        }
                        let texts = try await contents(mirror, all[number])
                        #expect(texts["a.yaml"] == "\(number)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("A mirror that another process has locked is waited for until the timeout")
    func locked() async throws {
        let mirror = try folder.mirror(origin.path) { $0.limits.timeout = .seconds(1) }
        try folder.write("mirror/mirror.lock", "")
        let descriptor = open("\(folder.path)/mirror/mirror.lock", O_RDWR | O_CLOEXEC)
        #expect(flock(descriptor, LOCK_EX) == 0)
        let (failure, start, end) = await mirror.failure()
        #expect(failure?.message.contains("another process") == true, "\(String(describing: failure))")
        #expect(end - start < .seconds(20))
        close(descriptor)
        #expect(await mirror.failure().failure == nil)
    }

    @Test("A mirror is read without its remote")
    func remoteGone() async throws {
        let mirror = try folder.mirror(origin.path)
        let revision = try await mirror.head()
        try await mirror.fetch(revision)
        try FileManager.default.moveItem(atPath: origin.path, toPath: origin.path + ".away")
        #expect(try await head(of: mirror).reason == .notARepository)
        for mirror in [mirror, try folder.mirror(origin.path)] {
            try await mirror.fetch(revision)
            #expect(try await contents(mirror, revision) == expected)
            #expect(try await mirror.commit(of: revision).author == "Ada")
            #expect(try await mirror.lookUp(String(revision.commit.prefix(8))).commit == revision.commit)
            await #expect(throws: GitFailure.self) { try await mirror.lookUp("main@sha1:00000000") }
            #expect(try await mirror.lookUp("main") == revision)
        }
    }

    @Test("A branch is resolved by the mirror if the server does not answer")
    func serverGone() async throws {
        let url = try await GitServer.serving(folder) { server in
            let mirror = try folder.mirror(server.url("open/origin/.git"))
            try await mirror.fetch(try await mirror.head())
            return server.url("open/origin/.git")
        }
        let mirror = try folder.mirror(url)
        #expect(try await head(of: mirror).reason == .unreachable)
        #expect(try await contents(mirror, try await mirror.lookUp("main")) == expected)
    }
}
