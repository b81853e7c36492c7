import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests

/// The working copies in which a command is run: sources that are the repository around the current folder, and have
/// manifests that are not committed.
struct WorkingCopies {
    private let changed: [String: (mirror: GitMirror, copy: WorkingCopy)]

    init(of sources: [Engine.Source]) async {
        var changed: [String: (mirror: GitMirror, copy: WorkingCopy)] = [:]
        let folder = FileManager.default.currentDirectoryPath
        for source in sources {
            guard let mirror = source.git as? GitMirror,
                let copy = await mirror.changedWorkingCopy(around: folder)
            else { continue }
            changed[source.name] = (mirror, copy)
        }
        self.changed = changed
    }

    /// Returns the working copy of a source if its branch is checked out, so that the next commit belongs to the source.
    func next(of source: String, ref: Configuration.Ref?) -> WorkingCopy? {
        guard let copy = changed[source]?.copy else { return nil }
        switch ref {
        case .branch(let name): return name.withoutPrefix("refs/heads/") == copy.branch ? copy : nil
        case nil: return copy
        case .tag, .commit, .semver: return nil
        }
    }

    /// Returns a sentence about the state that a command reads, for example `plan reads the commit main@sha1:1b511678; 2
    /// files under presets/ have changes that are not committed`. Nil if all manifests of the source are committed.
    /// - Parameter readsFiles: True if the command reads the files instead of a commit.
    func remark(
        _ command: String, reads state: String, of source: String, readsFiles: Bool = false
    ) -> TerminalText? {
        guard let (mirror, copy) = changed[source] else { return nil }
        let count = copy.changed.count
        let paths = mirror.shownPaths.map { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") ? $0 : $0 + "/" }
        let place = paths.isEmpty ? "" : " under \(paths.joined(separator: " and "))"
        let roots = mirror.shownPaths.isEmpty ? "." : mirror.shownPaths.joined(separator: " ")
        let next = readsFiles ? "" : ". To commit them: `git add \(roots) && git commit`"
        return
            "\(command) reads \(state); \(counted(count, "file"))\(place) \(count == 1 ? "has" : "have") changes that are not committed\(next)"
    }
}
