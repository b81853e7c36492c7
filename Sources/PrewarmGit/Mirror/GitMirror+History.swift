internal import CLibGit2
package import PrewarmCore
package import PrewarmEngine

extension GitMirror {
    package func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool {
        var (oldID, newID) = (try identifier(old.commit), try identifier(new.commit))
        if old.commit == new.commit { return true }
        return try await perform { watch throws(GitFailure) in
            try read(new, watch) { repository throws(LibGit2Error) in
                guard try repository.type(of: oldID) == GIT_OBJECT_COMMIT else { return false }
                let answer = git_graph_descendant_of(repository.pointer, &newID, &oldID)
                try check(answer)
                return answer == 1
            }
        }
    }
}
