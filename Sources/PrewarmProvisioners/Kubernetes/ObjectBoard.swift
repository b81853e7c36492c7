import PrewarmCore
import PrewarmEngine
import Synchronization

/// The latest known objects of one workspace. Watches write them, and one reader waits for changes.
///
/// It keeps the latest state only, so its size is bounded by the number of objects, however often they change.
final class ObjectBoard: Sendable {
    private struct State {
        /// The objects by their kinds and names.
        var objects: [ObjectKind: [String: Value]] = [:]
        /// The last failure of each watch that has not recovered.
        var failures: [ObjectKind: OperationFailure] = [:]
    }

    private let state = Mutex(State())
    /// An element for each change since the last one was read. Changes in between are one element.
    let changes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() {
        (changes, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Replaces all objects of a kind.
    func replace(_ kind: ObjectKind, with objects: [Value]) {
        state.withLock { state in
            state.objects[kind] = Dictionary(objects.map { ($0.objectName, $0) }) { first, _ in first }
            state.failures[kind] = nil
        }
        signal.yield()
    }

    func set(_ kind: ObjectKind, _ object: Value) {
        state.withLock { $0.objects[kind, default: [:]][object.objectName] = object }
        signal.yield()
    }

    func remove(_ kind: ObjectKind, _ object: Value) {
        state.withLock { $0.objects[kind]?[object.objectName] = nil }
        signal.yield()
    }

    /// Notes that a watch failed, and tries again.
    func note(_ kind: ObjectKind, _ failure: OperationFailure) {
        state.withLock { $0.failures[kind] = failure }
    }

    /// Returns an object; nil if it is not known to exist.
    func object(_ kind: ObjectKind, _ name: String) -> Value? {
        state.withLock { $0.objects[kind]?[name] }
    }

    /// The failure of a watch that has not recovered; nil if all watches work.
    var failure: OperationFailure? {
        state.withLock { state in state.failures.min { $0.key < $1.key }?.value }
    }
}
