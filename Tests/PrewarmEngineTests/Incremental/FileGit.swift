import Foundation
import PrewarmCore
import PrewarmEngine
import Synchronization

/// A repository in memory, with the files of each commit by path.
final class FileGit: GitSource {
    private let state = Mutex(State())

    private struct State {
        var commits: [String: [String: String]] = [:]
        var head = ""
        /// The number of revisions that were read as a whole.
        var wholeReadings = 0
    }

    var wholeReadings: Int { state.withLock(\.wholeReadings) }

    func commit(_ files: [String: String]) {
        state.withLock { state in
            state.head = String(format: "%040x", state.commits.count + 1)
            state.commits[state.head] = files
        }
    }

    func head() async throws(GitFailure) -> Revision { Revision(ref: "main", commit: state.withLock(\.head)) }

    func fetch(_ revision: Revision) async throws(GitFailure) {}

    func lookUp(_ text: String) async throws(GitFailure) -> Revision { Revision(ref: nil, commit: text) }

    func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile] {
        state.withLock { state in
            state.wholeReadings += 1
            return (state.commits[revision.commit] ?? [:]).filter { !Self.isLink($0.key) }.sorted { $0.key < $1.key }
                .map { ManifestFile(path: $0.key, blob: Self.blob($0.value)) }
        }
    }

    func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        let texts = state.withLock { state in
            Dictionary(state.commits.values.flatMap(\.values).map { (Self.blob($0), $0) }) { first, _ in first }
        }
        return files.map { texts[$0.blob].map { Array($0.utf8) } }
    }

    func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription { Self.description }

    func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool { true }

    func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure) {}

    /// Returns a warning for each file whose name says that it is a link.
    func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic] {
        (state.withLock(\.commits)[revision.commit] ?? [:]).keys.filter(Self.isLink).sorted().map {
            Diagnostic(.warning, file: $0, "a symbolic link is not followed")
        }
    }

    private static func isLink(_ path: String) -> Bool { path.hasSuffix(".link") }

    func step(from old: Revision, to new: Revision, limit: ChangeLimit) async throws(GitFailure) -> RevisionStep {
        RevisionStep(isForward: true, changes: changes(from: old, to: new))
    }

    private func changes(from old: Revision, to new: Revision) -> ManifestChanges? {
        let commits = state.withLock(\.commits)
        guard let before = commits[old.commit], let after = commits[new.commit] else { return nil }
        let paths = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
        if paths.contains(where: { Self.isLink($0) && after[$0] != nil }) { return nil }
        let files = paths.filter { !Self.isLink($0) }
        return ManifestChanges(
            commit: Self.description,
            files: files.map { path in
                ManifestChange(
                    path: path, old: before[path].map(Self.blob), new: after[path].map(Self.blob),
                    contents: after[path].map { .bytes(Array($0.utf8)) })
            })
    }

    private static let description = CommitDescription(author: "Ada", time: Timestamp(seconds: 0), subject: "change")

    /// Returns a digest in the form of a blob's id.
    private static func blob(_ text: String) -> String {
        SHA256.digest(Array(text.utf8)).prefix(20).map { String(format: "%02x", $0) }.joined()
    }
}
