internal import CLibGit2
package import PrewarmCore
package import PrewarmEngine

extension GitMirror {
    package func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool {
        try checkIdentifiers([old.commit, new.commit])
        if old.commit == new.commit { return true }
        return try await read(new) { repository throws(LibGit2Error) in
            try Self.descends(try identifier(new.commit), from: try identifier(old.commit), in: repository)
        }
    }

    /// Returns true if `new` equals `old` or has it in its history. If `old` does not exist and the history of `new` is
    /// complete, it returns false.
    /// - Throws: if a commit in the history of `new` is missing, because then the mirror is damaged.
    static func descends(
        _ new: git_oid, from old: git_oid, in repository: borrowing Repository
    ) throws(LibGit2Error) -> Bool {
        var (new, old) = (new, old)
        if git_oid_equal(&new, &old) == 1 { return true }
        guard try repository.type(of: old) == GIT_OBJECT_COMMIT else {
            try checkHistory(of: new, in: repository)
            return false
        }
        if try isNear(old, to: new, in: repository) { return true }
        let answer = git_graph_descendant_of(repository.pointer, &new, &old)
        try check(answer)
        return answer == 1
    }

    /// Returns true if `old` is among the first 16 first parents of `new`. That is the usual case after a push, and
    /// avoids a comparison of the histories.
    private static func isNear(
        _ old: git_oid, to new: git_oid, in repository: borrowing Repository
    ) throws(LibGit2Error) -> Bool {
        var (current, old) = (new, old)
        for _ in 0..<fewCommits {
            let commit = try Commit(current, in: repository)
            guard let parent = git_commit_parent_id(commit.pointer, 0)?.pointee else { return false }
            current = parent
            if git_oid_equal(&current, &old) == 1 { return true }
        }
        return false
    }

    private static let fewCommits = 16

    /// Throws if a commit in the history is missing.
    private static func checkHistory(of id: git_oid, in repository: borrowing Repository) throws(LibGit2Error) {
        var (seen, waiting): (Set<String>, [git_oid]) = ([], [id])
        while let id = waiting.popLast() {
            guard seen.insert(hexadecimal(id)).inserted else { continue }
            let commit = try Commit(id, in: repository)
            for index in 0..<git_commit_parentcount(commit.pointer) {
                if let parent = git_commit_parent_id(commit.pointer, index)?.pointee { waiting.append(parent) }
            }
        }
    }
}
