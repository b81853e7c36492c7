internal import CLibGit2
package import PrewarmCore
package import PrewarmEngine

extension GitMirror {
    /// The number of bytes of files after which no further file is held in memory.
    static let mostBytes = 8 << 20

    package func step(
        from old: Revision, to new: Revision, limit: ChangeLimit
    ) async throws(GitFailure) -> RevisionStep {
        try checkIdentifiers([old.commit, new.commit])
        return try await read(new) { [self] repository throws(LibGit2Error) in
            let (before, after) = (try identifier(old.commit), try identifier(new.commit))
            _ = try Commit(after, in: repository)
            return RevisionStep(
                isForward: try Self.descends(after, from: before, in: repository),
                // If the comparison fails, for example because the old commit is gone, the caller reads all files.
                changes: (try? changes(from: before, to: after, limit: limit, in: repository)) ?? nil)
        }
    }

    /// Returns the changed manifests, or nil if the caller has to read all manifests: a path of the source is missing,
    /// or the changes exceed a limit.
    private func changes(
        from old: git_oid, to new: git_oid, limit: ChangeLimit, in repository: borrowing Repository
    ) throws(LibGit2Error) -> ManifestChanges? {
        let after = try Commit(new, in: repository)
        let left = try Tree(of: try Commit(old, in: repository), in: repository)
        let right = try Tree(of: after, in: repository)
        guard paths.roots.allSatisfy({ $0.isEmpty || Self.has(String(decoding: $0, as: UTF8.self), right) }),
            let differences = try TreeComparison.differences(
                of: left, and: right, paths: paths, limit: limit.files, in: repository)
        else { return nil }
        var (files, rest): ([ManifestChange], Int) = ([], Self.mostBytes)
        try repository.withDatabase { database throws(LibGit2Error) in
            for difference in differences {
                var contents: ManifestChange.Contents?
                if let blob = difference.new {
                    let bytes = try Self.bytes(of: blob, limit: limit.bytes, in: database)
                    contents = bytes.map { .bytes($0) } ?? .tooLarge
                    rest -= bytes?.count ?? 0
                }
                files.append(
                    ManifestChange(
                        path: String(repositoryPath: difference.path),
                        old: difference.old.map(hexadecimal), new: difference.new.map(hexadecimal),
                        contents: contents))
                if rest < 0 { return }
            }
        }
        return rest < 0 ? nil : ManifestChanges(commit: Self.description(of: after), files: files)
    }

    /// Returns true if the tree has a folder or a file at the path.
    private static func has(_ path: String, _ tree: borrowing Tree) -> Bool {
        var entry: OpaquePointer?
        guard git_tree_entry_bypath(&entry, tree.pointer, path) == 0 else { return false }
        defer { git_tree_entry_free(entry) }
        return [GIT_FILEMODE_TREE, GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE]
            .contains(git_tree_entry_filemode(entry))
    }
}
