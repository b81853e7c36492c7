internal import CLibGit2
package import PrewarmCore
package import PrewarmEngine

extension GitMirror {
    package func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool {
        var (oldID, newID) = (try identifier(old.commit), try identifier(new.commit))
        if old.commit == new.commit { return true }
        return try await perform { watch throws(GitFailure) in
            func look(_ repository: borrowing Repository) throws(LibGit2Error) -> Bool {
                guard try repository.type(of: oldID) == GIT_OBJECT_COMMIT else { return false }
                if try Self.isNear(oldID, to: newID, in: repository) { return true }
                let answer = git_graph_descendant_of(repository.pointer, &newID, &oldID)
                try check(answer)
                return answer == 1
            }
            if let answer = try? attempt(look) { return answer }
            return try read(new, watch, look)
        }
    }

    /// Whether it is met within a few steps along first parents, as it is where somebody pushed: then there is no need
    /// to compare histories.
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
}
