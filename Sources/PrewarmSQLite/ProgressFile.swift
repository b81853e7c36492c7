internal import PrewarmEngine
internal import Synchronization

/// Updates the identity file of an open store after each commit.
final class ProgressFile: Sendable {
    private struct State {
        /// The highest counter that this process committed, or found when it opened the store.
        var highest: Int64
        var failure: String?
    }

    private let file: IdentityFile
    private let identity: String
    private let state: Mutex<State>

    init(_ file: IdentityFile, _ content: IdentityFile.Content) {
        self.file = file
        identity = content.identity
        state = Mutex(State(highest: content.counter))
    }

    var path: String { file.path }

    /// Returns the error of the system if the file, or another file beside it, cannot be written. Otherwise nil.
    func findFailure() -> String? {
        do throws(IdentityFile.SystemNumber) {
            try file.checkRoom()
        } catch {
            return error.description
        }
        return state.withLock(\.failure)
    }

    /// Writes a counter to the file. If another process has written a higher counter in the meantime, the next commit
    /// corrects the file.
    func note(_ counter: Int64) {
        var failure: String?
        do throws(IdentityFile.SystemNumber) {
            try file.write(IdentityFile.Content(identity: identity, counter: counter))
        } catch {
            failure = error.description
        }
        state.withLock { state in
            state.highest = max(state.highest, counter)
            state.failure = failure
        }
    }

    /// Checks that the counter of the store has increased.
    /// - Throws: ``StoreError`` if it has not, because an older copy was written over the open store.
    func check(_ counter: Int64, _ path: String) throws(StoreError) {
        guard counter <= state.withLock(\.highest) else { return }
        throw StoreFiles.replaced(path, "it was overwritten by an older copy")
    }
}
