import PrewarmCore
import PrewarmEngine

/// The references that a remote lists. It resolves the configured ref and names that a user gives.
struct RefAdvertisement: Sendable {
    /// The references by the bytes of their names, as git compares them. Swift's strings would be equal for two Unicode
    /// spellings of the same name.
    private let refs: [[UInt8]: AdvertisedRef]

    init(_ refs: [AdvertisedRef]) {
        self.refs = Dictionary(refs.map { (Array($0.name.utf8), $0) }) { first, _ in first }
    }

    private subscript(_ name: String) -> AdvertisedRef? { refs[Array(name.utf8)] }

    /// A reference by its full name, for example `refs/heads/main`, and the revision that it points at.
    struct Resolved: Sendable {
        let name: String
        let revision: Revision
    }

    /// Returns the revision that the configured ref points at.
    /// - Parameter url: The repository, for the hint of an error.
    /// - Throws: `.empty` if the repository has no references, `.refNotFound` if the ref does not exist or is invalid.
    func resolve(_ ref: GitSettings.Ref, of url: RepositoryURL) throws(GitFailure) -> Resolved {
        guard !refs.isEmpty else { throw .empty("cannot resolve the ref", url) }
        switch ref {
        case .head: return try head()
        case .branch(let name):
            let short = name.withoutPrefix("refs/heads/")
            if let found = resolve("refs/heads/\(short)", shown: short) { return found }
            throw missing("branch", short, among: names("refs/heads/"))
        case .tag(let name):
            let short = name.withoutPrefix("refs/tags/")
            if let found = resolve("refs/tags/\(short)", shown: short) { return found }
            throw missing("tag", short, among: names("refs/tags/"))
        case .semver(let range): return try highestTags(in: range)[0]
        case .commit(let commit):
            return Resolved(name: commit, revision: Revision(ref: nil, commit: commit))
        }
    }

    /// Returns the full name of a tag, or nil if it does not exist.
    func tag(named name: String) -> String? {
        let full = "refs/tags/\(name.withoutPrefix("refs/tags/"))"
        return self[full] == nil ? nil : full
    }

    /// Returns the branch or tag with a name, or any other reference by its full name, for example `refs/pull/7/head`.
    /// - Throws: `.refNotFound` if a branch and a tag with the name point at different commits.
    func find(_ name: String) throws(GitFailure) -> Resolved? {
        if name.hasPrefix("refs/"), !name.hasPrefix("refs/heads/"), !name.hasPrefix("refs/tags/") {
            return resolve(name, shown: name)
        }
        let (branchName, tagName) = (name.withoutPrefix("refs/heads/"), name.withoutPrefix("refs/tags/"))
        let branch = resolve("refs/heads/\(branchName)", shown: branchName)
        let tag = resolve("refs/tags/\(tagName)", shown: tagName)
        if let branch, let tag, branch.revision.commit != tag.revision.commit {
            throw GitFailure(
                .refNotFound,
                "cannot resolve \(name.printable): it is a branch and a tag, and they are at different commits",
                hint: "write refs/heads/\(name.printable) or refs/tags/\(name.printable)")
        }
        return branch ?? tag ?? (name == "HEAD" ? try? head() : nil)
    }

    /// Returns a hint for a name that is neither a branch nor a tag.
    func advice(for name: String) -> String {
        let names = names("refs/heads/") + names("refs/tags/")
        if let close = names.closest(to: name) { return "did you mean \(close.printable)?" }
        let choice = names.isEmpty ? "" : "use one of: \(Self.list(names)); or "
        return choice + "write a pull request as refs/pull/NUMBER/head"
    }

    /// Returns the first branch by name whose tip is the commit, or nil if no branch points at it.
    func name(ofTip commit: String) -> String? {
        refs.values.filter { $0.id == commit && $0.name.hasPrefix("refs/heads/") }.map(\.name).min()
    }

    private func head() throws(GitFailure) -> Resolved {
        guard let head = self["HEAD"] else {
            throw GitFailure(
                .refNotFound, "cannot resolve HEAD: it points at a branch that does not exist",
                hint: "set `ref: {branch: NAME}` of the source to one of: \(Self.list(names("refs/heads/")))")
        }
        if let target = head.target, target.hasPrefix("refs/heads/"), let found = self[target] {
            let name = target.withoutPrefix("refs/heads/")
            return Resolved(name: target, revision: Revision(ref: name, commit: found.id))
        }
        return Resolved(name: "HEAD", revision: Revision(ref: "HEAD", commit: head.id))
    }

    /// Returns the reference with a full name, or nil if it does not exist. A remote lists an annotated tag twice:
    /// under its name with the id of the tag, and with `^{}` appended with the id of the commit.
    /// - Parameter shown: the name for the revision.
    private func resolve(_ name: String, shown: String) -> Resolved? {
        guard !name.hasSuffix("^{}"), let found = self[name] else { return nil }
        let commit = self["\(name)^{}"]?.id ?? found.id
        return Resolved(name: name, revision: Revision(ref: shown, commit: commit))
    }

    /// Returns the tags with the highest version in a range, at least one, in descending order of their names. Several
    /// tags have the same version if they differ only in build metadata or a leading `v` (semver.org, item 10).
    /// - Throws: `.refNotFound` if the range is invalid or contains no tag.
    func highestTags(in text: String) throws(GitFailure) -> [Resolved] {
        guard let range = VersionRange(text) else {
            throw GitFailure(
                .refNotFound, "invalid range of versions: \(text)",
                hint: "write 1.4.2, 1.x, ^1.4, ~1.4.2 or '>=1.2 <2'")
        }
        let tags = names("refs/tags/")
        let versions = tags.compactMap { tag in Version(tag).map { (tag: tag, version: $0) } }
        let fitting = versions.filter { range.contains($0.version) }
        let best = fitting.map(\.version).max()
        let found = fitting.filter { $0.version == best }.map(\.tag).sorted(by: >).compactMap { tag in
            resolve("refs/tags/\(tag)", shown: tag)
        }
        guard !found.isEmpty else {
            let highest = versions.sorted { $0.version > $1.version }.map(\.tag)
            throw GitFailure(
                .refNotFound, "cannot find a tag in the range \(text)",
                hint: highest.isEmpty
                    ? "push a tag that is a version, for example v1.0.0"
                    : "choose a range that contains one of: \(Self.list(highest))")
        }
        return found
    }

    private func names(_ prefix: String) -> [String] {
        refs.values.map(\.name).filter { $0.hasPrefix(prefix) && !$0.hasSuffix("^{}") }.map { $0.withoutPrefix(prefix) }
            .sorted()
    }

    private func missing(_ kind: String, _ name: String, among names: [String]) -> GitFailure {
        let other = kind == "branch" ? "tag" : "branch"
        if self.names(other == "tag" ? "refs/tags/" : "refs/heads/").contains(name) {
            return GitFailure(
                .refNotFound, "cannot find the \(kind) \(name)",
                hint: "set `ref: {\(other): \(name)}` of the source: a \(other) has that name")
        }
        if let close = names.closest(to: name) {
            return GitFailure(.refNotFound, "cannot find the \(kind) \(name)", hint: "did you mean \(close.printable)?")
        }
        let plural = kind == "branch" ? "branches" : "tags"
        let hint =
            names.isEmpty ? "push the \(kind): the repository has no \(plural)" : "use one of: \(Self.list(names))"
        return GitFailure(.refNotFound, "cannot find the \(kind) \(name)", hint: hint)
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.map(\.printable).summary
    }
}
