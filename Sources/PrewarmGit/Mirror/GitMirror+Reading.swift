internal import CLibGit2
import Glibc
package import PrewarmCore
package import PrewarmEngine
import Synchronization

extension GitMirror {
    package func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile] {
        let (files, warnings) = try await walk(revision)
        memory.withLock { $0.lastWarnings = (revision.commit, warnings) }
        return files
    }

    package func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic] {
        if let last = memory.withLock(\.lastWarnings), last.commit == revision.commit { return last.warnings }
        return try await walk(revision).warnings
    }

    private func walk(
        _ revision: Revision
    ) async throws(GitFailure) -> (files: [ManifestFile], warnings: [Diagnostic]) {
        try checkIdentifiers([revision.commit])
        let outcome = try await read(revision) { [paths] repository throws(LibGit2Error) in
            try TreeWalk.manifests(at: paths, of: try identifier(revision.commit), in: repository)
        }
        switch outcome {
        case .found(let files, let warnings):
            return (files, warnings)
        case .pathNotFound(let path, .absent):
            throw GitFailure(
                .pathNotFound, "cannot find \(path) in \(url.display) at \(revision.short)",
                hint: "check `path` of source \(settings.name): it is case-sensitive")
        case .pathNotFound(let path, let missing):
            let what = missing == .link ? "a symbolic link" : "a submodule"
            throw GitFailure(
                .pathNotFound,
                "cannot read \(path) of \(url.display) at \(revision.short): it is \(what), which prewarm does not "
                    + "follow",
                hint: missing == .link
                    ? "set `path` of source \(settings.name) to the target of the link"
                    : "configure the repository of the submodule as a source of its own")
        case .tooLarge(let excess):
            let names = settings.paths.joined(separator: ", ")
            throw GitFailure(
                .tooLarge, "cannot read \(names.isEmpty ? "the repository" : names): found \(excess)",
                hint: "split the source into several sources with different paths, or add folders without manifests to "
                    + "`exclude` of source \(settings.name)")
        }
    }

    package func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        let ids = files.map(\.blob)
        try checkIdentifiers(ids)
        return try await read(nil) { repository throws(LibGit2Error) in
            try repository.withDatabase { database throws(LibGit2Error) in
                var (contents, rest): ([[UInt8]?], Int) = ([], Self.mostBytes)
                for id in ids where rest > 0 {
                    contents.append(try Self.bytes(of: try identifier(id), limit: limit, in: database))
                    rest -= contents[contents.count - 1]?.count ?? 0
                }
                return contents
            }
        }
    }

    package func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription {
        try checkIdentifiers([revision.commit])
        return try await read(revision) { repository throws(LibGit2Error) in
            Self.description(of: try Commit(try identifier(revision.commit), in: repository))
        }
    }

    /// Returns the author, the time and the subject of a commit, shortened and without control characters.
    static func description(of commit: borrowing Commit) -> CommitDescription {
        CommitDescription(
            author: commit.author, time: Self.time(git_commit_time(commit.pointer)),
            subject: git_commit_summary(commit.pointer).map { String(beginningOf: $0) } ?? "")
    }

    /// Reads from the mirror on its local thread, which never waits for the remote. If that fails, for example because
    /// the revision is missing, it fetches or repairs on the remote thread and reads again.
    func read<Value: Sendable>(
        _ revision: Revision?, _ body: @escaping @Sendable (borrowing Repository) throws(LibGit2Error) -> Value
    ) async throws(GitFailure) -> Value {
        let value = try await performLocally { [self] () throws(GitFailure) in try? attempt(body) }
        if let value { return value }
        return try await perform { [self] watch throws(GitFailure) in try read(revision, watch, body) }
    }

    /// Reads from the mirror. If that fails, it reads once more, because another process may have replaced the mirror.
    /// If that fails, too, the mirror is damaged: it is created again and read.
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
        if problem.isTooLarge { throw .objectTooLarge(in: url) }
        var shortage: LibGit2Error?
        do throws(GitFailure) {
            let current: Revision
            if let revision {
                current = revision
            } else {
                current = try RefAdvertisement(try pass(watch).list()).resolve(settings.ref, of: url).revision
            }
            guard let id = objectID(current.commit) else { throw Self.noObject(current.commit) }
            let value = try withLock(watch) { () throws(GitFailure) -> Value? in
                // The previous holder of the lock may have created it again.
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
                "cannot read the mirror in \(directory.path): it is damaged (\(redaction.clean(problem.message))), and "
                    + "prewarm cannot create it again: \(error.message)", hint: error.hint)
        }
        throw GitFailure(
            .fetchFailed,
            "cannot read \(url.display): the repository lacks objects: "
                + redaction.clean((shortage ?? problem).message),
            hint: "run `git fsck` in the repository on the server")
    }

    /// Runs `body` with the open mirror. All access to the mirror's objects goes through this function.
    func attempt<Value>(
        _ body: (borrowing Repository) throws(LibGit2Error) -> Value
    ) throws(LibGit2Error) -> Value {
        try threads.withRepository(of: directory, body)
    }

    /// Runs `body` with the lock of the mirror. Everything that changes the mirror needs the lock.
    func withLock<Value>(
        _ watch: Watch, _ body: () throws(GitFailure) -> Value
    ) throws(GitFailure) -> Value {
        try directory.withLock({ watch.isOver }) { () throws(GitFailure) in
            threads.closeIdle()
            return try body()
        }
    }

    /// Throws if a text is not 40 hexadecimal digits. It does not need libgit2.
    func checkIdentifiers(_ texts: [String]) throws(GitFailure) {
        func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte | 0x20) }
        for text in texts where text.utf8.count != 40 || !text.utf8.allSatisfy(isDigit) {
            throw Self.noObject(text)
        }
    }

    private static func noObject(_ text: String) -> GitFailure {
        GitFailure(.refNotFound, "invalid object id \(text): it must have 40 hexadecimal digits")
    }

    /// Returns the bytes of a blob, or nil if it is larger than `limit` bytes. The size is checked before unpacking.
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

    /// Returns the time of a commit, limited to the years 0001 to 9999, because a commit can contain any number.
    private static func time(_ seconds: Int64) -> Timestamp {
        Timestamp(seconds: min(max(seconds, -62_135_596_800), 253_402_300_799))
    }
}
