internal import CLibGit2
import Glibc
package import PrewarmCore
package import PrewarmEngine

extension GitMirror {
    package func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile] {
        let (files, warnings) = try await walk(revision)
        lastWarnings = (revision.commit, warnings)
        return files
    }

    package func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic] {
        if let lastWarnings, lastWarnings.commit == revision.commit { return lastWarnings.warnings }
        return try await walk(revision).warnings
    }

    private func walk(
        _ revision: Revision
    ) async throws(GitFailure) -> (files: [ManifestFile], warnings: [Diagnostic]) {
        let id = try identifier(revision.commit)
        let outcome = try await perform { watch throws(GitFailure) in
            try read(revision, watch) { repository throws(LibGit2Error) in
                try TreeWalk.manifests(at: paths, of: id, in: repository)
            }
        }
        switch outcome {
        case .found(let files, let warnings):
            return (files, warnings)
        case .pathNotFound(let path, .absent):
            throw GitFailure(
                .pathNotFound, "\(url.display) has no \(path) at \(revision.short)",
                hint: "check the path of source \(settings.name): upper and lower case count")
        case .pathNotFound(let path, let missing):
            let what = missing == .link ? "a symbolic link" : "a submodule"
            throw GitFailure(
                .pathNotFound, "\(path) is \(what) at \(revision.short) of \(url.display), which is not followed",
                hint: missing == .link
                    ? "give source \(settings.name) the path of what it leads to"
                    : "make its repository a source of its own")
        case .tooLarge(let excess):
            let names = settings.paths.joined(separator: ", ")
            throw GitFailure(
                .tooLarge, "\(names.isEmpty ? "the repository" : names) has \(excess)",
                hint: "split it into several sources, each with its own path, or exclude what holds no manifests")
        }
    }

    package func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        try await perform { watch throws(GitFailure) in
            var blobs: [git_oid] = []
            blobs.reserveCapacity(files.count)
            for file in files { blobs.append(try identifier(file.blob)) }
            return try read(nil, watch) { repository throws(LibGit2Error) in
                try repository.withDatabase { database throws(LibGit2Error) in
                    var (contents, rest): ([[UInt8]?], Int) = ([], Self.mostBytes)
                    for blob in blobs where rest > 0 {
                        contents.append(try Self.bytes(of: blob, limit: limit, in: database))
                        rest -= contents[contents.count - 1]?.count ?? 0
                    }
                    return contents
                }
            }
        }
    }

    package func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription {
        let id = try identifier(revision.commit)
        return try await perform { watch throws(GitFailure) in
            try read(revision, watch) { repository throws(LibGit2Error) in
                description(of: try Commit(id, in: repository))
            }
        }
    }

    func description(of commit: borrowing Commit) -> CommitDescription {
        CommitDescription(
            author: commit.author, time: Self.time(git_commit_time(commit.pointer)),
            subject: git_commit_summary(commit.pointer).map { Self.beginning(of: $0) } ?? "")
    }

    /// As ``read(_:_:_:)``, without looking beforehand whether the revision is there: for what fails where it is not.
    func readAtOnce<Value>(
        _ revision: Revision, _ watch: Watch, _ body: (borrowing Repository) throws(LibGit2Error) -> Value
    ) throws(GitFailure) -> Value {
        if let value = try? attempt(body) { return value }
        return try read(revision, watch, body)
    }

    /// Reads from the mirror. Where that fails: once more, since another process may just have put a new mirror in
    /// place; then from a mirror made anew, since this one is damaged.
    func read<Value>(
        _ revision: Revision?, _ watch: Watch, _ body: (borrowing Repository) throws(LibGit2Error) -> Value
    ) throws(GitFailure) -> Value {
        if let revision { try bring(revision, watch) }
        if let value = try? attempt(body) { return value }
        let problem: LibGit2Error
        do throws(LibGit2Error) {
            return try attempt(body)
        } catch {
            problem = error
        }
        var shortage: LibGit2Error?
        do throws(GitFailure) {
            let current: Revision
            if let revision {
                current = revision
            } else {
                current = try RefAdvertisement(try pass(watch).list()).resolve(settings.ref).revision
            }
            let id = try identifier(current.commit)
            let value = try withLock(watch) { () throws(GitFailure) -> Value? in
                // Whoever had the lock may have made it anew.
                if let value = try? attempt(body) { return value }
                try rebuild(current, id, watch)
                do throws(LibGit2Error) {
                    return try attempt(body)
                } catch {
                    shortage = error
                    return nil
                }
            }
            if let value { return value }
        } catch {
            throw GitFailure(
                error.reason,
                "the mirror in \(directory.path) is damaged (\(redaction.clean(problem.message))), and "
                    + "can't be made anew: \(error.message)", hint: error.hint)
        }
        throw GitFailure(
            .fetchFailed,
            "\(url.display) lacks objects that belong to it: \(redaction.clean((shortage ?? problem).message))")
    }

    /// The one way into the mirror. Packs are shared by all that have them open, so nobody may open it while one that
    /// was touched meanwhile is still open. What fails, fails in a mirror that is not looked into again.
    func attempt<Value>(
        _ body: (borrowing Repository) throws(LibGit2Error) -> Value
    ) throws(LibGit2Error) -> Value {
        let mirror = try takeOpen()
        let value = try body(mirror.repository)
        open = consume mirror
        return value
    }

    private func takeOpen() throws(LibGit2Error) -> OpenMirror {
        if let last = open.take(), last.isUntouched { return last }
        return try OpenMirror(directory)
    }

    /// For whatever changes the mirror.
    func withLock<Value>(
        _ watch: Watch, _ body: () throws(GitFailure) -> Value
    ) throws(GitFailure) -> Value {
        try directory.withLock({ watch.isOver }) { () throws(GitFailure) in
            open = nil
            return try body()
        }
    }

    func identifier(_ text: String) throws(GitFailure) -> git_oid {
        try GitLibrary.start()
        guard let id = objectID(text) else { throw GitFailure(.refNotFound, "\(text) is no object of git") }
        return id
    }

    /// The size is looked at first, so that nothing large is ever unpacked.
    static func bytes(
        of blob: git_oid, limit: Int, in database: OpaquePointer
    ) throws(LibGit2Error) -> [UInt8]? {
        var blob = blob
        var size = 0
        var type = GIT_OBJECT_INVALID
        try check(git_odb_read_header(&size, &type, database, &blob))
        guard type == GIT_OBJECT_BLOB else { throw LibGit2Error(code: -1, category: 0, message: "not a blob") }
        guard size <= limit else { return nil }
        var object: OpaquePointer?
        try check(git_odb_read(&object, database, &blob))
        defer { git_odb_object_free(object) }
        return Array(UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object)))
    }

    /// Anybody can write any number of seconds into a commit: kept to the years 0001 to 9999.
    private static func time(_ seconds: Int64) -> Timestamp {
        Timestamp(seconds: min(max(seconds, -62_135_596_800), 253_402_300_799))
    }

    /// Committers' texts end up in tables and on terminals: so much of one as fits there, without control characters.
    static func beginning(of text: UnsafePointer<CChar>) -> String {
        let count = strnlen(text, mostBytesShown)
        let bytes = UnsafeRawBufferPointer(start: text, count: count)
        let shown = String(decoding: bytes, as: UTF8.self).printable
        return count < mostBytesShown ? shown : shown.dropLast() + "…"
    }

    private static let mostBytesShown = 400
}
