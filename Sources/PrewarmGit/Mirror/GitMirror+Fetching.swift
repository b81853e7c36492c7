internal import CLibGit2
import PrewarmCore
import PrewarmEngine

extension GitMirror {
    /// The state of a commit in a repository.
    enum Holding {
        /// The commit and its root tree are readable.
        case whole
        /// The commit does not exist, and the repository is intact.
        case lacking
        /// The commit is not readable, or a reference of the repository points at a missing object.
        case damaged
        /// The commit or its root tree exceeds the size limit.
        case tooLarge
        /// The object is not a commit, but of this type.
        case other(String)
    }

    /// Makes sure that the mirror has a commit. If it is missing, these are tried in order: fetch its ref, fetch the
    /// commit by its id, fetch all branches and tags. If the mirror is damaged, it is created again.
    func bring(_ revision: Revision, _ watch: Watch) throws(GitFailure) {
        guard let id = objectID(revision.commit) else {
            throw GitFailure(
                .refNotFound, "invalid commit: \(revision.commit)",
                hint: "write all 40 hexadecimal digits")
        }
        if case .whole = holding(id, in: directory.repository) { return }
        try withLock(watch) { () throws(GitFailure) in
            // The previous holder of the lock may have fetched it.
            let holding = holding(id, in: directory.repository)
            if try isWhole(revision, holding) { return }
            if case .lacking = holding {
                do throws(GitFailure) {
                    try fetch(revision, id, into: directory.repository, watch)
                    tidy(revision, id, watch)
                    return
                } catch  where error.reason == .fetchFailed {
                    // The cause may be a damaged mirror.
                }
            }
            try rebuild(revision, id, watch)
        }
    }

    /// Fetches references into the mirror. If that fails, it tries again without the mirror's own references: one may
    /// be truncated, or be a file where another needs a folder. The caller holds the lock.
    func fetchReferences(
        _ watch: Watch, _ refspecs: ([AdvertisedRef]) throws(GitFailure) -> [String]
    ) throws(GitFailure) {
        do throws(GitFailure) {
            try pass(watch).fetch(into: directory.repository, refspecs)
        } catch  where !watch.isOver && error.reason == .fetchFailed {
            try directory.withoutReferences { () throws(GitFailure) in
                try pass(watch).fetch(into: directory.repository, refspecs)
            }
        }
    }

    /// Creates a new mirror beside the old one, and replaces the old one when it is complete. The caller holds the
    /// lock.
    func rebuild(_ revision: Revision, _ id: git_oid, _ watch: Watch) throws(GitFailure) {
        directory.removeIncoming()
        defer { directory.removeIncoming() }
        do throws(LibGit2Error) {
            try Repository.make(at: directory.incoming)
        } catch {
            throw GitFailure(
                .fetchFailed, "cannot create a mirror in \(directory.path): \(redaction.clean(error.message))",
                hint: "check that the disk has free space, and that prewarm may write there")
        }
        try fetch(revision, id, into: directory.incoming, watch)
        directory.noteSize()
        try directory.swap()
    }

    /// Keeps the mirror small and fast: combines small packs, and creates the mirror again if it is several times too
    /// large. A failure is ignored, because the next fetch tries again. The caller holds the lock.
    private func tidy(_ revision: Revision, _ id: git_oid, _ watch: Watch) {
        let most = settings.limits.packs
        let packs = directory.packs
        if packs.count > most {
            try? PackFolding.fold(PackFolding.foldable(packs).map(\.path), in: directory.repository)
        }
        if directory.isOvergrown || directory.packs.count > most { try? shrink(revision, id, watch) }
    }

    /// Creates the mirror again from itself, without the network. The new mirror has one pack with the objects of the
    /// commit instead of many packs with old objects. The caller holds the lock.
    private func shrink(_ revision: Revision, _ id: git_oid, _ watch: Watch) throws(GitFailure) {
        directory.removeIncoming()
        defer { directory.removeIncoming() }
        guard (try? Repository.make(at: directory.incoming)) != nil else { return }
        var own = settings
        own.credentials = .none
        // The objects are on this machine already.
        own.limits.packSize = .max
        let name = "refs/prewarm/shrunk"
        let pass = try RemotePass(
            own, url: try RepositoryURL(directory.repository, allowFile: true), login: nil, watch: watch,
            redaction: redaction)
        try pass.fetch(into: directory.incoming) { refs throws(GitFailure) in
            let kept = refs.filter { $0.id == revision.commit || Self.tagged(revision, $0) }
            return kept.isEmpty ? ["+\(revision.commit):\(name)"] : kept.map { "+\($0.name):\($0.name)" }
        }
        guard case .whole = holding(id, in: directory.incoming) else { return }
        directory.noteSize()
        try directory.swap()
    }

    /// Returns true if the reference is the mirror's copy of the tag of the revision.
    private static func tagged(_ revision: Revision, _ ref: AdvertisedRef) -> Bool {
        revision.ref.map { ref.name == "refs/prewarm/tags/\($0)" } ?? false
    }

    private func fetch(_ revision: Revision, _ id: git_oid, into path: String, _ watch: Watch) throws(GitFailure) {
        if try fetchThroughView(revision, id, into: path, watch) { return }
        try fetch(revision, id, into: path, watch) { () throws(GitFailure) in try pass(watch) }
    }

    /// Fetches a branch of a repository on disk through a view that contains only the branch, so that broken references
    /// of the repository do not matter.
    /// - Returns: false if the revision is not a branch on disk, or the fetch fails. Then the caller fetches from the
    ///   repository itself, which gives the error.
    private func fetchThroughView(
        _ revision: Revision, _ id: git_oid, into path: String, _ watch: Watch
    ) throws(GitFailure) -> Bool {
        guard let local = url.path.flatMap({ LocalRepository($0) }) else { return false }
        defer { removeTree(directory.view) }
        guard try local.makeView(of: revision, at: directory.view) else { return false }
        let view = try RepositoryURL(directory.view, allowFile: true)
        do throws(GitFailure) {
            try fetch(revision, id, into: path, watch) { () throws(GitFailure) in
                try RemotePass(settings, url: view, shownAs: url, login: nil, watch: watch, redaction: redaction)
            }
        } catch  where !watch.isOver && error.reason != .tooLarge {
            return false
        }
        return true
    }

    /// Fetches a revision into the repository at `path`: its ref, the commit by its id, or all branches and tags.
    /// - Parameter pass: creates a pass for one request.
    private func fetch(
        _ revision: Revision, _ id: git_oid, into path: String, _ watch: Watch,
        by pass: () throws(GitFailure) -> RemotePass
    ) throws(GitFailure) {
        var isNamed = false
        try pass().fetch(into: path) { refs throws(GitFailure) in
            guard !refs.isEmpty else { throw emptyRepository }
            let refs = RefAdvertisement(refs)
            var names = [refs.name(ofTip: revision.commit) ?? revision.ref.flatMap { (try? refs.find($0))?.name }]
            // Fetch the tag, too: an annotated tag has its own signature.
            if settings.verification != nil { names.append(revision.ref.flatMap { refs.tag(named: $0) }) }
            isNamed = names[0] != nil
            return Set(names.compactMap(\.self)).sorted().map { "+\($0):\(Self.mirrored($0))" }
        }
        if isNamed, try isWhole(revision, id, in: path) { return }
        do throws(GitFailure) {
            // libgit2 refuses this if the server does not allow it.
            try pass().fetch(into: path) { _ in ["+\(revision.commit):refs/prewarm/commits/\(revision.commit)"] }
            if try isWhole(revision, id, in: path) { return }
        } catch  where !watch.isOver && ![.unreachable, .tooLarge].contains(error.reason) {
            // The last way is to fetch all branches and tags.
        }
        try pass().fetch(into: path) { _ in Self.everything }
        guard try isWhole(revision, id, in: path) else {
            throw GitFailure(
                .refNotFound,
                "cannot find commit \(revision.commit.prefix(8)) in any branch or tag of \(url.display)",
                hint: "check whether a forced push removed it, and push a branch or tag that contains it")
        }
    }

    /// The failure of a repository without commits.
    private var emptyRepository: GitFailure {
        .empty("cannot fetch from \(url.display)", url)
    }

    private func isWhole(_ revision: Revision, _ id: git_oid, in path: String) throws(GitFailure) -> Bool {
        let holding = holding(id, in: path)
        if case .damaged = holding {
            throw GitFailure(
                .fetchFailed, "cannot read the mirror in \(directory.path): it is damaged",
                hint: "check the disk. If the error stays, delete \(directory.path): prewarm creates it again")
        }
        return try isWhole(revision, holding)
    }

    /// Returns true if the commit is readable.
    /// - Throws: if fetching cannot help, because the object is too large or not a commit.
    private func isWhole(_ revision: Revision, _ holding: Holding) throws(GitFailure) -> Bool {
        switch holding {
        case .whole: return true
        case .lacking, .damaged: return false
        case .tooLarge: throw .objectTooLarge(in: url)
        case .other(let type):
            let name = revision.ref.map { $0.printable } ?? String(revision.commit.prefix(8))
            throw GitFailure(
                .refNotFound, "cannot use \(name) of \(url.display): it is a \(type), not a commit",
                hint: "set `ref` of source \(settings.name) to a branch, a commit, or a tag of a commit")
        }
    }

    /// The refspecs of all branches and tags.
    static let everything = ["+refs/heads/*:refs/prewarm/heads/*", "+refs/tags/*:refs/prewarm/tags/*"]

    /// Returns the name that a reference of the remote has in the mirror. For example, `refs/heads/main` is
    /// `refs/prewarm/heads/main`.
    static func mirrored(_ name: String) -> String {
        "refs/prewarm/" + name.withoutPrefix("refs/")
    }

    /// Returns the state of a commit. It reads the commit and its root tree only.
    func holding(_ id: git_oid, in path: String) -> Holding {
        do throws(LibGit2Error) {
            guard path == directory.repository else { return try Self.holding(id, in: Repository(bare: path)) }
            return try attempt { repository throws(LibGit2Error) in try Self.holding(id, in: repository) }
        } catch {
            return error.isTooLarge ? .tooLarge : .damaged
        }
    }

    /// Returns the noun for a type of object in messages.
    private static func name(of type: git_object_t) -> String {
        switch type {
        case GIT_OBJECT_TREE: "tree"
        case GIT_OBJECT_BLOB: "file"
        case GIT_OBJECT_TAG: "tag"
        default: "different object"
        }
    }

    private static func holding(
        _ id: git_oid, in repository: borrowing Repository
    ) throws(LibGit2Error) -> Holding {
        guard let type = try repository.type(of: id) else {
            return try repository.hasAllTips() ? .lacking : .damaged
        }
        guard type == GIT_OBJECT_COMMIT else { return .other(Self.name(of: type)) }
        let commit = try Commit(id, in: repository)
        _ = try Tree(of: commit, in: repository)
        return .whole
    }
}
