import PrewarmCore
import PrewarmEngine

/// What a remote shows of its references, and what the configured ref means among them.
struct RefAdvertisement: Sendable {
    /// By the bytes of their names, which are what git compares: two strings may be equal that are spelt in two ways.
    private let refs: [[UInt8]: AdvertisedRef]

    init(_ refs: [AdvertisedRef]) {
        self.refs = Dictionary(refs.map { (Array($0.name.utf8), $0) }) { first, _ in first }
    }

    private subscript(_ name: String) -> AdvertisedRef? { refs[Array(name.utf8)] }

    /// A full name, as `refs/heads/main`, and what it stands for.
    struct Resolved: Sendable {
        let name: String
        let revision: Revision
    }

    func resolve(_ ref: GitSettings.Ref) throws(GitFailure) -> Resolved {
        guard !refs.isEmpty else {
            throw GitFailure(.empty, "the repository has no commit yet", hint: "push a first commit")
        }
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

    /// The full name of a tag.
    func tag(named name: String) -> String? {
        let full = "refs/tags/\(name.withoutPrefix("refs/tags/"))"
        return self[full] == nil ? nil : full
    }

    /// A branch or a tag of that name; any other reference by its full name, as `refs/pull/7/head`.
    /// - Throws: where a branch and a tag of that name lead to two commits.
    func find(_ name: String) throws(GitFailure) -> Resolved? {
        if name.hasPrefix("refs/"), !name.hasPrefix("refs/heads/"), !name.hasPrefix("refs/tags/") {
            return resolve(name, shown: name)
        }
        let (branchName, tagName) = (name.withoutPrefix("refs/heads/"), name.withoutPrefix("refs/tags/"))
        let branch = resolve("refs/heads/\(branchName)", shown: branchName)
        let tag = resolve("refs/tags/\(tagName)", shown: tagName)
        if let branch, let tag, branch.revision.commit != tag.revision.commit {
            throw GitFailure(
                .refNotFound, "\(name.printable) is a branch and a tag, at two commits",
                hint: "write refs/heads/\(name.printable) or refs/tags/\(name.printable)")
        }
        return branch ?? tag ?? (name == "HEAD" ? try? head() : nil)
    }

    /// What may have been meant by a name of which there is neither branch nor tag.
    func advice(for name: String) -> String {
        let names = names("refs/heads/") + names("refs/tags/")
        if let close = names.closest(to: name) { return "did you mean \(close.printable)?" }
        return "it has \(Self.list(names)); a pull request is refs/pull/NUMBER/head"
    }

    /// Some reference whose tip the commit is.
    func name(ofTip commit: String) -> String? {
        refs.values.filter { $0.id == commit && $0.name.hasPrefix("refs/heads/") }.map(\.name).min()
    }

    private func head() throws(GitFailure) -> Resolved {
        guard let head = self["HEAD"] else {
            throw GitFailure(
                .refNotFound, "the remote's HEAD points at a branch that does not exist",
                hint: "name a branch; it has \(Self.list(names("refs/heads/")))")
        }
        if let target = head.target, target.hasPrefix("refs/heads/"), let found = self[target] {
            let name = target.withoutPrefix("refs/heads/")
            return Resolved(name: target, revision: Revision(ref: name, commit: found.id))
        }
        return Resolved(name: "HEAD", revision: Revision(ref: "HEAD", commit: head.id))
    }

    /// An annotated tag is shown twice: as the tag, and with `^{}` as the commit that it leads to.
    private func resolve(_ name: String, shown: String) -> Resolved? {
        guard !name.hasSuffix("^{}"), let found = self[name] else { return nil }
        let commit = self["\(name)^{}"]?.id ?? found.id
        return Resolved(name: name, revision: Revision(ref: shown, commit: commit))
    }

    /// The tags of the highest version in a range, the last by name first. They are more than one where they differ in
    /// what has no precedence, as build metadata and a leading `v` (semver.org, 10); never none.
    func highestTags(in text: String) throws(GitFailure) -> [Resolved] {
        guard let range = VersionRange(text) else {
            throw GitFailure(
                .refNotFound, "\(text) is no range of versions", hint: "write 1.4.2, 1.x, ^1.4, ~1.4.2 or '>=1.2 <2'")
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
            throw GitFailure(.refNotFound, "no tag is in the range \(text)", hint: "it has \(Self.list(highest))")
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
            return GitFailure(.refNotFound, "there is no \(kind) \(name)", hint: "there is a \(other) of that name")
        }
        if let close = names.closest(to: name) {
            return GitFailure(.refNotFound, "there is no \(kind) \(name)", hint: "did you mean \(close.printable)?")
        }
        let plural = kind == "branch" ? "branches" : "tags"
        let hint = names.isEmpty ? "it has no \(plural)" : "it has \(Self.list(names))"
        return GitFailure(.refNotFound, "there is no \(kind) \(name)", hint: hint)
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.map(\.printable).summary
    }
}
