internal import CLibGit2
import Glibc
import PrewarmCore
import PrewarmEngine

/// The manifests of a working copy that differ from its last commit.
package struct WorkingCopy: Sendable {
    /// The absolute path of the working copy, without a slash at the end.
    package let folder: String
    /// The branch that is checked out; nil if none is.
    package let branch: String?
    /// The paths of changed and of new manifests from ``folder``, in the order of their bytes. Files that `.gitignore`
    /// excludes are not new.
    package let changed: [String]
}

extension GitMirror {
    /// The paths of the source as the configuration gives them, for messages. It is empty for the whole repository.
    package var shownPaths: [String] { paths.roots.map { String(decoding: $0, as: UTF8.self) }.filter { !$0.isEmpty } }

    /// Returns the working copy with changed manifests, if the source is the repository on disk in which a folder lies.
    ///
    /// It returns nil if the repository has another place or no work tree, if no manifest is changed, or if the
    /// repository cannot be read: then the command that needs its commits reports why.
    package func changedWorkingCopy(around folder: String) async -> WorkingCopy? {
        // Most commands run elsewhere, and then do not load libgit2.
        guard let path = url.path, let here = resolved(folder), let place = resolved(path),
            here.isPath(atOrBelow: place.hasSuffix("/.git") ? String(place.dropLast(5)) : place)
        else { return nil }
        return try? await performLocally { [self] () throws(GitFailure) in
            do throws(LibGit2Error) {
                return try changedWorkingCopy(path, around: here)
            } catch {
                return nil
            }
        }
    }

    private func changedWorkingCopy(_ path: String, around here: String) throws(LibGit2Error) -> WorkingCopy? {
        PassQueue.checkIsCurrent()
        var pointer: OpaquePointer?
        try check(git_repository_open(&pointer, path))
        defer { git_repository_free(pointer) }
        guard let workdir = git_repository_workdir(pointer), let root = resolved(String(cString: workdir)),
            here.isPath(atOrBelow: root)
        else { return nil }
        let changed = try changedManifests(in: pointer)
        return changed.isEmpty ? nil : WorkingCopy(folder: root, branch: try branch(of: pointer), changed: changed)
    }

    private func changedManifests(in repository: OpaquePointer?) throws(LibGit2Error) -> [String] {
        var options = git_status_options()
        try check(git_status_options_init(&options, UInt32(GIT_STATUS_OPTIONS_VERSION)))
        options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR
        options.flags =
            GIT_STATUS_OPT_INCLUDE_UNTRACKED.rawValue | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS.rawValue
            | GIT_STATUS_OPT_EXCLUDE_SUBMODULES.rawValue | GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH.rawValue
        var roots: [UnsafeMutablePointer<CChar>?] = shownPaths.map { strdup($0) }
        defer { for root in roots { free(root) } }
        var list: OpaquePointer?
        let count = roots.count
        let code = roots.withUnsafeMutableBufferPointer { roots in
            options.pathspec = git_strarray(strings: roots.baseAddress, count: count)
            return git_status_list_new(&list, repository, &options)
        }
        try check(code)
        defer { git_status_list_free(list) }
        var changed: Set<String> = []
        for index in 0..<git_status_list_entrycount(list) {
            guard let entry = git_status_byindex(list, index)?.pointee else { continue }
            for delta in [entry.head_to_index, entry.index_to_workdir] {
                guard let path = delta?.pointee.new_file.path else { continue }
                let name = String(cString: path)
                if paths.takes(file: Array(name.utf8)) { changed.insert(name) }
            }
        }
        return changed.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Returns the branch that HEAD names, also before its first commit.
    private func branch(of repository: OpaquePointer?) throws(LibGit2Error) -> String? {
        var head: OpaquePointer?
        try check(git_reference_lookup(&head, repository, "HEAD"))
        defer { git_reference_free(head) }
        guard let target = git_reference_symbolic_target(head) else { return nil }
        return String(cString: target).withoutPrefix("refs/heads/")
    }

    /// Returns a path without symbolic links and without a slash at the end; nil if it does not exist.
    private func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
