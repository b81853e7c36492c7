internal import CLibGit2
import PrewarmCore
import PrewarmEngine

extension GitMirror {
    /// Returns the revision that a user's text names, and makes sure that the mirror has it.
    ///
    /// The text is tried in this order: `main@sha1:…`, a full commit, a branch, a tag or another reference, a short
    /// commit. References are resolved by the remote, or by the mirror if the remote does not answer.
    func find(_ text: String, _ watch: Watch) throws(GitFailure) -> Revision {
        if let revision = Self.wholeRevision(text) {
            try bring(revision, watch)
            return revision
        }
        // The short form of tables: `main@sha1:5394cb7f`. It is not a reference, because names of references have no
        // colon.
        if text.contains("sha1:"), let digits = text.split(separator: ":").last, Self.isShort(String(digits)) {
            if let commit = try bringShort(String(digits), watch) { return Revision(ref: nil, commit: commit) }
            throw missing(text, hint: nil)
        }
        var silence: GitFailure?
        var refs = RefAdvertisement([])
        do throws(GitFailure) {
            refs = RefAdvertisement(try pass(watch).list())
            if let found = try refs.find(text) {
                try bring(found.revision, watch)
                return found.revision
            }
        } catch {
            silence = error
            let isGone = error.reason == .unreachable || error.reason == .notARepository && url.scheme == .file
            if isGone, let commit = mirroredCommit(text) { return Revision(ref: text, commit: commit) }
        }
        if Self.isShort(text) {
            let commit = try silence == nil ? bringShort(text, watch) : shortCommit(text)
            if let commit { return Revision(ref: nil, commit: commit) }
        }
        throw silence ?? missing(text, hint: Self.advice(for: text, among: refs))
    }

    /// Returns the revision of a text that contains a full commit: `main@sha1:…` or 40 digits. Returns nil for other
    /// texts.
    static func wholeRevision(_ text: String) -> Revision? {
        if let revision = Revision(text) { return revision }
        guard text.utf8.count == 40, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
        return Revision(ref: nil, commit: text.lowercased())
    }

    /// Returns the revision with the newest commit, the first one if several have the same time. A single revision is
    /// returned without reading its commit.
    func newest(_ revisions: [Revision], _ watch: Watch) throws(GitFailure) -> Revision {
        guard revisions.count > 1 else { return revisions[0] }
        var (newest, latest) = (revisions[0], Int64.min)
        for revision in revisions.prefix(Self.mostEqualTags) {
            let time = try read(revision, watch) { repository throws(LibGit2Error) in
                let commit = try Commit(try identifier(revision.commit), in: repository)
                return git_commit_time(commit.pointer)
            }
            if time > latest { (newest, latest) = (revision, time) }
        }
        return newest
    }

    /// The number of tags with the same version whose commits are compared.
    private static let mostEqualTags = 64

    /// Returns a hint for a text that names nothing.
    private static func advice(for text: String, among refs: RefAdvertisement) -> String {
        if text.contains(where: { "~^@:".contains($0) }) {
            return "write a branch, a tag or a commit: ~, ^ and @{} of git are not supported"
        }
        let isTooShort = (1..<4).contains(text.utf8.count) && text.allSatisfy { $0.isASCII && $0.isHexDigit }
        return isTooShort ? "write at least 4 digits of a short commit" : refs.advice(for: text)
    }

    /// Returns true if the text may be a short commit: 4 to 39 hexadecimal digits.
    private static func isShort(_ text: String) -> Bool {
        (4..<40).contains(text.utf8.count) && text.allSatisfy { $0.isASCII && $0.isHexDigit }
    }

    private func missing(_ text: String, hint: String?) -> GitFailure {
        let name = text.isEmpty ? "with an empty name" : redaction.clean(text)
        return GitFailure(.refNotFound, "cannot find a branch, tag or commit \(name) in \(url.display)", hint: hint)
    }

    /// Returns the commit that begins with the digits. If the mirror has none, all branches and tags are fetched first.
    private func bringShort(_ text: String, _ watch: Watch) throws(GitFailure) -> String? {
        if let commit = try shortCommit(text) { return commit }
        try fetchAll(watch)
        return try shortCommit(text)
    }

    private func fetchAll(_ watch: Watch) throws(GitFailure) {
        guard directory.exists else {
            let head = try RefAdvertisement(try pass(watch).list()).resolve(.head, of: url)
            try bring(head.revision, watch)
            return try fetchAll(watch)
        }
        try withLock(watch) { () throws(GitFailure) in
            try fetchReferences(watch) { _ in Self.everything }
        }
    }

    /// Returns the commit that a reference pointed at when it was last fetched, or nil if it was never fetched. The
    /// text is used as a name only, never as an expression of git's revision grammar.
    func mirroredCommit(_ name: String) -> String? {
        let names = name.hasPrefix("refs/") ? [name] : ["refs/heads/\(name)", "refs/tags/\(name)"]
        func look(_ repository: borrowing Repository) -> String? {
            for name in names {
                var reference: OpaquePointer?
                var object: OpaquePointer?
                guard git_reference_lookup(&reference, repository.pointer, Self.mirrored(name)) == 0 else { continue }
                defer { git_reference_free(reference) }
                guard git_reference_peel(&object, reference, GIT_OBJECT_COMMIT) == 0 else { continue }
                defer { git_object_free(object) }
                return git_object_id(object).map { hexadecimal($0.pointee) }
            }
            return nil
        }
        return (try? attempt(look)) ?? nil
    }

    /// Returns the commit that begins with the digits, or nil if the mirror has none.
    /// - Throws: `.refNotFound` if several objects begin with the digits.
    private func shortCommit(_ text: String) throws(GitFailure) -> String? {
        var id = git_oid()
        guard git_oid_fromstrn(&id, text, text.utf8.count) == 0 else { return nil }
        func look(_ repository: borrowing Repository) throws(LibGit2Error) -> String? {
            var object: OpaquePointer?
            let code = git_object_lookup_prefix(
                &object, repository.pointer, &id, text.utf8.count, GIT_OBJECT_COMMIT)
            if code == GIT_EAMBIGUOUS.rawValue {
                throw LibGit2Error(code: code, category: 0, message: "")
            }
            guard code == 0 else { return nil }
            defer { git_object_free(object) }
            return git_object_id(object).map { hexadecimal($0.pointee) }
        }
        do throws(LibGit2Error) {
            return try attempt(look)
        } catch {
            guard error.code == GIT_EAMBIGUOUS.rawValue else { return nil }
            throw GitFailure(
                .refNotFound, "cannot resolve \(text): several objects begin with it", hint: "write more digits")
        }
    }
}
