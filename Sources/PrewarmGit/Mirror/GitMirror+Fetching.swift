internal import CLibGit2
import PrewarmCore
import PrewarmEngine

extension GitMirror {
    enum Holding {
        case whole, lacking, damaged, tooLarge
        /// What has the id is no commit, but this.
        case other(String)
    }

    /// Makes the commit present: from the mirror, else by the ref it is known by, else exactly, else by fetching all.
    func bring(_ revision: Revision, _ watch: Watch) throws(GitFailure) {
        guard let id = objectID(revision.commit) else {
            throw GitFailure(.refNotFound, "\(revision.commit) is no commit")
        }
        if case .whole = holding(id, in: directory.repository) { return }
        try withLock(watch) { () throws(GitFailure) in
            // Whoever had the lock may have brought it.
            let holding = holding(id, in: directory.repository)
            if try isWhole(revision, holding) { return }
            if case .lacking = holding {
                do throws(GitFailure) {
                    try fetch(revision, id, into: directory.repository, watch)
                    tidy(revision, id, watch)
                    return
                } catch  where error.reason == .fetchFailed {
                    // Perhaps the mirror is to blame.
                }
            }
            try rebuild(revision, id, watch)
        }
    }

    /// References of a mirror that has the commit. Where that fails, once more without those that are there: one may be cut
    /// off, or be in the way of the folder of another. Only under the lock.
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

    /// Makes the mirror anew beside the old one, and puts it in its place once it is whole. Only under the lock.
    func rebuild(_ revision: Revision, _ id: git_oid, _ watch: Watch) throws(GitFailure) {
        directory.removeIncoming()
        defer { directory.removeIncoming() }
        do throws(LibGit2Error) {
            try Repository.make(at: directory.incoming)
        } catch {
            throw GitFailure(
                .fetchFailed, "can't make a mirror in \(directory.path): \(redaction.clean(error.message))")
        }
        try fetch(revision, id, into: directory.incoming, watch)
        directory.noteSize()
        try directory.swap()
    }

    /// Keeps the mirror small and quick to look into. What fails is tried again after the next fetch. Only under the
    /// lock.
    private func tidy(_ revision: Revision, _ id: git_oid, _ watch: Watch) {
        let most = settings.limits.packs
        let packs = directory.packs
        if packs.count > most {
            try? PackFolding.fold(PackFolding.foldable(packs).map(\.path), in: directory.repository)
        }
        if directory.isOvergrown || directory.packs.count > most { try? shrink(revision, id, watch) }
    }

    /// Makes the mirror anew from itself, without the network: one pack that holds what the commit needs in place of
    /// many that hold what was. Only under the lock.
    private func shrink(_ revision: Revision, _ id: git_oid, _ watch: Watch) throws(GitFailure) {
        directory.removeIncoming()
        defer { directory.removeIncoming() }
        guard (try? Repository.make(at: directory.incoming)) != nil else { return }
        var own = settings
        own.credentials = .none
        // It is what is here already.
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

    private static func tagged(_ revision: Revision, _ ref: AdvertisedRef) -> Bool {
        revision.ref.map { ref.name == "refs/prewarm/tags/\($0)" } ?? false
    }

    private func fetch(_ revision: Revision, _ id: git_oid, into path: String, _ watch: Watch) throws(GitFailure) {
        if try fetchThroughView(revision, id, into: path, watch) { return }
        try fetch(revision, id, into: path, watch) { () throws(GitFailure) in try pass(watch) }
    }

    /// Of a branch on disk: from a repository that has no more than that, whatever else is in the one that it is of.
    /// - Returns: false where there is none, or nothing can be had from it: then the real one says why.
    private func fetchThroughView(
        _ revision: Revision, _ id: git_oid, into path: String, _ watch: Watch
    ) throws(GitFailure) -> Bool {
        guard let local = url.path.flatMap({ LocalRepository($0) }) else { return false }
        defer { MirrorDirectory.removeTree(directory.view) }
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

    /// - Parameter pass: makes one.
    private func fetch(
        _ revision: Revision, _ id: git_oid, into path: String, _ watch: Watch,
        by pass: () throws(GitFailure) -> RemotePass
    ) throws(GitFailure) {
        var isNamed = false
        try pass().fetch(into: path) { refs throws(GitFailure) in
            guard !refs.isEmpty else { throw GitFailure(.empty, "\(url.display): the repository has no commit yet") }
            let refs = RefAdvertisement(refs)
            var names = [refs.name(ofTip: revision.commit) ?? revision.ref.flatMap { (try? refs.find($0))?.name }]
            // An annotated tag has a signature of its own.
            if settings.verification != nil { names.append(revision.ref.flatMap { refs.tag(named: $0) }) }
            isNamed = names[0] != nil
            return Set(names.compactMap(\.self)).sorted().map { "+\($0):\(Self.mirrored($0))" }
        }
        if isNamed, try isWhole(revision, id, in: path) { return }
        do throws(GitFailure) {
            // Taken by servers that allow it; libgit2 refuses where they don't.
            try pass().fetch(into: path) { _ in ["+\(revision.commit):refs/prewarm/commits/\(revision.commit)"] }
            if try isWhole(revision, id, in: path) { return }
        } catch  where !watch.isOver && ![.unreachable, .tooLarge].contains(error.reason) {
            // All that is left is to fetch everything that has a name.
        }
        try pass().fetch(into: path) { _ in Self.everything }
        guard try isWhole(revision, id, in: path) else {
            throw GitFailure(
                .refNotFound, "\(url.display) has no commit \(revision.commit.prefix(12)) in any branch or tag",
                hint: "it may have been replaced by a forced push")
        }
    }

    private func isWhole(_ revision: Revision, _ id: git_oid, in path: String) throws(GitFailure) -> Bool {
        let holding = holding(id, in: path)
        if case .damaged = holding { throw GitFailure(.fetchFailed, "the mirror in \(directory.path) is damaged") }
        return try isWhole(revision, holding)
    }

    /// Throws where no look at the remote makes a commit of it.
    private func isWhole(_ revision: Revision, _ holding: Holding) throws(GitFailure) -> Bool {
        switch holding {
        case .whole: return true
        case .lacking, .damaged: return false
        case .tooLarge: throw .objectTooLarge(in: url)
        case .other(let type):
            let name = revision.ref.map { $0.printable } ?? String(revision.commit.prefix(12))
            throw GitFailure(
                .refNotFound, "\(name) of \(url.display) is a \(type), not a commit",
                hint: "name a branch, a commit, or a tag of a commit")
        }
    }

    /// All that has a name.
    static let everything = ["+refs/heads/*:refs/prewarm/heads/*", "+refs/tags/*:refs/prewarm/tags/*"]

    static func mirrored(_ name: String) -> String {
        "refs/prewarm/" + name.withoutPrefix("refs/")
    }

    /// Whether the commit and its first tree can be read. What lies deeper is found out when it is read.
    func holding(_ id: git_oid, in path: String) -> Holding {
        do throws(LibGit2Error) {
            guard path == directory.repository else { return try Self.holding(id, in: Repository(bare: path)) }
            return try attempt { repository throws(LibGit2Error) in try Self.holding(id, in: repository) }
        } catch {
            return error.isTooLarge ? .tooLarge : .damaged
        }
    }

    private static func name(of type: git_object_t) -> String {
        switch type {
        case GIT_OBJECT_TREE: "tree"
        case GIT_OBJECT_BLOB: "file"
        case GIT_OBJECT_TAG: "tag"
        default: "thing"
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
