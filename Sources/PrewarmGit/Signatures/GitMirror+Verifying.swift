internal import CLibGit2
package import PrewarmCore
package import PrewarmEngine
import Synchronization

extension GitMirror {
    /// The number of new commits of a revision at most if each has to be signed.
    private static let mostCommits = 10_000

    // Without a configured verification, these functions return without using the threads of the mirror.

    package func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure) {
        guard let verification = settings.verification else { return }
        try await verify(revision, since: applied, by: verification)
    }

    package func verifyAgain(_ revision: Revision) async throws(GitFailure) {
        guard let verification = settings.verification else { return }
        try await verifyAgain(revision, by: verification)
    }

    /// The time for which a verified revision stays verified if the key file is unchanged. It is limited because a key
    /// may expire.
    private static let trustLasts = Duration.seconds(600)

    private func verifyAgain(_ revision: Revision, by verification: GitVerification) async throws(GitFailure) {
        let keys = try await performLocally { () throws(GitFailure) in FileStamp(verification.keys.path) }
        if let trusted = memory.withLock(\.trusted), trusted.revision == revision, trusted.keys == keys,
            ContinuousClock.now - trusted.at < Self.trustLasts
        {
            return
        }
        memory.withLock { $0.trusted = nil }
        try await verify(revision, since: nil, by: verification)
        memory.withLock { $0.trusted = (revision, keys, .now) }
    }

    private func verify(
        _ revision: Revision, since applied: Revision?, by verification: GitVerification
    ) async throws(GitFailure) {
        let signed = try await signedObjects(revision, since: verification.scope == .new ? applied : nil)
        let check = try await signatureCheck(verification)
        let result: Result<Void, GitFailure>
        do throws(GitFailure) {
            result = .success(try await verify(revision, signed, check))
        } catch {
            result = .failure(error)
        }
        await check.folder.remove()
        try result.get()
    }

    private func verify(
        _ revision: Revision, _ signed: (tag: SignedObject?, commits: [SignedObject]), _ check: any SignatureCheck
    ) async throws(GitFailure) {
        if let problem = try await tipProblem(signed.tag, signed.commits[0], check) { throw refusal(problem, check) }
        for commit in signed.commits.dropFirst() {
            if let problem = try await check.problem(of: commit) {
                throw refusal("\(revision.short) contains a commit that is not trusted: \(problem)", check)
            }
        }
    }

    /// Returns the problem of the tip, or nil if the tag or the commit has an accepted signature. If neither has one,
    /// the problem is that of the tag if it is signed, otherwise that of the commit.
    private func tipProblem(
        _ tag: SignedObject?, _ commit: SignedObject, _ check: any SignatureCheck
    ) async throws(GitFailure) -> String? {
        guard let tag else { return try await check.problem(of: commit) }
        guard let problem = try await check.problem(of: tag) else { return nil }
        guard let other = try await check.problem(of: commit) else { return nil }
        return tag.signature == nil ? other : problem
    }

    private func refusal(_ problem: String, _ check: any SignatureCheck) -> GitFailure {
        let isOver = ["which was revoked", "which has expired"].contains { problem.hasSuffix($0) }
        return GitFailure(
            .verificationFailed, "cannot verify \(url.display): \(problem)",
            hint: isOver ? "sign it with a key that is valid now" : check.hint)
    }

    /// Creates the check for the configured kind of keys. The caller removes its folder.
    func signatureCheck(_ verification: GitVerification) async throws(GitFailure) -> any SignatureCheck {
        try await performLocally { [self] () throws(GitFailure) in try makeSignatureCheck(verification) }
    }

    private func makeSignatureCheck(_ verification: GitVerification) throws(GitFailure) -> any SignatureCheck {
        let folder = try SignatureFolder(in: directory, threads.local, limit: deadline)
        switch verification.keys {
        case .ssh(let allowedSigners):
            guard readFile(allowedSigners, limit: 16 << 20) != nil else {
                throw GitFailure(
                    .verificationFailed, "cannot read the allowed signers file \(allowedSigners)",
                    hint: "check that the file exists, and that the user that prewarm runs as may read it")
            }
            return SSHSignatures(allowedSigners: allowedSigners, tools: verification.tools, folder: folder)
        case .openpgp(let file):
            return try OpenPGPSignatures(file: file, tools: verification.tools, folder: folder)
        }
    }

    /// Returns the tag of the revision, if it has one, and the commits to verify: the tip first, then those since
    /// `applied`.
    private func signedObjects(
        _ revision: Revision, since applied: Revision?
    ) async throws(GitFailure) -> (tag: SignedObject?, commits: [SignedObject]) {
        try checkIdentifiers([revision.commit] + (applied.map { [$0.commit] } ?? []))
        let tagName = tagName(of: revision)
        if let tagName {
            // Fetch the current tag: the commit may have been fetched by a branch, and the tag may have been replaced.
            try await perform { [self] watch throws(GitFailure) in try bringTag(tagName, revision, watch) }
        }
        let found = try await read(revision) { repository throws(LibGit2Error) in
            let id = try identifier(revision.commit)
            let tag = try tagName.flatMap { name throws(LibGit2Error) in
                try SignedObject(tag: name, reference: Self.mirrored("refs/tags/\(name)"), of: id, in: repository)
            }
            var commits = [try SignedObject(commit: id, in: repository)]
            guard let applied else { return (tag, commits) as (SignedObject?, [SignedObject])? }
            let base = try identifier(applied.commit)
            guard let newer = try Self.commits(behind: id, without: base, in: repository) else { return nil }
            for commit in newer { commits.append(try SignedObject(commit: commit, in: repository)) }
            return (tag, commits)
        }
        guard let found else {
            throw GitFailure(
                .verificationFailed,
                "cannot verify \(revision.short): it contains more than \(Self.mostCommits) new commits",
                hint: "apply it in smaller steps with `prewarm sync --rev COMMIT`, or set `verify.scope` of source "
                    + "\(settings.name) to tip for this revision")
        }
        return found
    }

    /// Returns the name of the tag that the revision was resolved from, or nil if the ref is not a tag or range.
    private func tagName(of revision: Revision) -> String? {
        switch settings.ref {
        case .tag, .semver: revision.ref?.withoutPrefix("refs/tags/")
        case .head, .branch, .commit: nil
        }
    }

    /// Returns the commits that are in the history of `tip` but not in that of `base`, without `tip` itself. Returns
    /// nil if there are more than ``mostCommits`` together with `tip`.
    private static func commits(
        behind tip: git_oid, without base: git_oid, in repository: borrowing Repository
    ) throws(LibGit2Error) -> [git_oid]? {
        var (walk, tip, base): (OpaquePointer?, git_oid, git_oid) = (nil, tip, base)
        try check(git_revwalk_new(&walk, repository.pointer))
        defer { git_revwalk_free(walk) }
        try check(git_revwalk_push(walk, &tip))
        // If the base no longer exists, the whole history is new.
        if try repository.type(of: base) == GIT_OBJECT_COMMIT { try check(git_revwalk_hide(walk, &base)) }
        var (commits, next): ([git_oid], git_oid) = ([], git_oid())
        while true {
            let code = git_revwalk_next(&next, walk)
            if code == GIT_ITEROVER.rawValue { return commits }
            try check(code)
            guard git_oid_equal(&next, &tip) == 0 else { continue }
            // The tip is one of the new commits.
            guard commits.count + 1 < mostCommits else { return nil }
            commits.append(next)
        }
    }

    /// Fetches the commit and the current tag.
    private func bringTag(_ name: String, _ revision: Revision, _ watch: Watch) throws(GitFailure) {
        try bring(revision, watch)
        try withLock(watch) { () throws(GitFailure) in
            try fetchReferences(watch) { refs in
                RefAdvertisement(refs).tag(named: name).map { ["+\($0):\(Self.mirrored($0))"] } ?? []
            }
        }
    }
}
