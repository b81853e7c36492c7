internal import CLibGit2
package import PrewarmCore
package import PrewarmEngine

extension GitMirror {
    package func treeIdentity(at revision: Revision) async throws(GitFailure) -> String {
        let id = try identifier(revision.commit)
        return try await perform { watch throws(GitFailure) in
            try read(revision, watch) { repository throws(LibGit2Error) in
                let tree = try Tree(of: try Commit(id, in: repository))
                var text = paths.text
                for root in paths.roots { text += "\0\(try Self.entry(root, of: tree))" }
                return SHA256.digest(Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
        }
    }

    /// Mode and id of what lies at a path; `-` where nothing does.
    private static func entry(_ root: [UInt8], of tree: borrowing Tree) throws(LibGit2Error) -> String {
        guard !root.isEmpty else {
            guard let id = git_tree_id(tree.pointer)?.pointee else { return "-" }
            return hexadecimal(id)
        }
        var entry: OpaquePointer?
        let code = git_tree_entry_bypath(&entry, tree.pointer, String(decoding: root, as: UTF8.self))
        if code == GIT_ENOTFOUND.rawValue { return "-" }
        try check(code)
        defer { git_tree_entry_free(entry) }
        guard let id = git_tree_entry_id(entry)?.pointee else { return "-" }
        return "\(git_tree_entry_filemode(entry).rawValue) \(hexadecimal(id))"
    }
}
