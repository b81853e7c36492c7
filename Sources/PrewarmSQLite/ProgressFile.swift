internal import PrewarmEngine
internal import Synchronization

/// Keeps the identity file of an open store at what was last committed.
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

    /// Why the file can't be written, or none beside it; nil if they can.
    func findFailure() -> String? {
        do throws(IdentityFile.SystemNumber) {
            try file.checkRoom()
        } catch {
            return error.description
        }
        return state.withLock(\.failure)
    }

    /// Another process may have written a higher counter meanwhile: the next commit puts it right.
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

    /// - Throws: where the counter fell behind: the file was overwritten in its place.
    func check(_ counter: Int64, _ path: String) throws(StoreError) {
        guard counter <= state.withLock(\.highest) else { return }
        throw StoreFiles.replaced(path, "it was overwritten by an older copy")
    }
}
