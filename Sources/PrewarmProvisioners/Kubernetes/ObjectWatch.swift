import NIOCore
import PrewarmCore
import PrewarmEngine

/// A watch of the objects of one kind with labels, which keeps an ``ObjectBoard`` up to date
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
///
/// Each round lists the objects and then watches them for a limited time. So a connection that died without a word is
/// noticed, and no event that the cluster has forgotten is missed.
struct ObjectWatch: Sendable {
    let client: KubernetesClient
    let resource: ObjectResource
    let selector: String
    let board: ObjectBoard
    /// The longest time of one watch.
    let time: Duration

    /// The largest size of one event in bytes. The cluster limits an object to about 1.5 MiB.
    private static let lineLimit = 4 << 20
    private static let pauses = (first: Duration.milliseconds(200), longest: Duration.seconds(5))

    /// Watches until the task is canceled.
    /// - Returns: The failure that another try does not cure.
    func run() async -> OperationFailure {
        var pause = Self.pauses.first
        while !Task.isCancelled {
            do throws(OperationFailure) {
                let start = ContinuousClock.now
                try await round()
                // A server that ends each watch at once is not asked again and again.
                if ContinuousClock.now - start > .seconds(1) { pause = Self.pauses.first }
            } catch {
                switch error.kind {
                case .unreachable where !error.isLoginRefused, .slow, .transient, .badAnswer:
                    board.note(resource.kind, error)
                default: return error
                }
            }
            do { try await Task.sleep(for: pause) } catch { return .canceled }
            pause = min(pause * 2, Self.pauses.longest)
        }
        return .canceled
    }

    private func round() async throws(OperationFailure) {
        var objects: [Value] = []
        let version = try await client.list(resource, selector: selector) { objects.append($0) }
        board.replace(resource.kind, with: objects)
        let call = KubernetesCall(
            path: resource.path(namespace: client.namespace),
            query: [
                ("watch", "true"), ("labelSelector", selector), ("resourceVersion", version),
                ("allowWatchBookmarks", "true"), ("timeoutSeconds", "\(max(1, time.components.seconds))"),
            ], timeout: time + .seconds(5), sizeLimit: 256 << 20)
        let (head, state): (Exchange.Head, WatchLines)
        do throws(OperationFailure) {
            let (board, kind) = (board, resource.kind)
            (head, state) = try await client.stream(call, into: WatchLines(limit: Self.lineLimit)) { lines, chunk in
                try lines.append(chunk.readableBytesView) { Self.apply($0, to: board, kind) }
            }
        } catch {
            // The list of the next round finds what a quiet connection has hidden.
            if case .slow = error.kind { return }
            throw error
        }
        // A list that is too old is listed anew.
        if head.status == 200 || head.status == 410 { return }
        throw client.refusal(head, state.rest, of: call)
    }

    /// Applies one event to the board.
    /// - Returns: False if the watch has to begin anew.
    private static func apply(_ line: ArraySlice<UInt8>, to board: ObjectBoard, _ kind: ObjectKind) -> Bool {
        guard let event = try? JSONReader.read(Array(line), depthLimit: KubernetesClient.depthLimit),
            let object = event["object"]
        else { return false }
        switch event.text("type") {
        case "ADDED", "MODIFIED": board.set(kind, object)
        case "DELETED": board.remove(kind, object)
        case "BOOKMARK": break
        default: return false
        }
        return true
    }
}

/// The lines of an answer, one by one.
struct WatchLines: Sendable {
    /// The beginning of the line that has not ended.
    private(set) var rest: [UInt8] = []
    private let limit: Int

    struct TooLong: Error {}

    init(limit: Int) {
        self.limit = limit
    }

    /// Adds bytes, and passes each whole line to `body`, until `body` returns false.
    /// - Returns: False if `body` did.
    /// - Throws: ``TooLong`` if a line is longer than the limit.
    mutating func append(_ bytes: some Collection<UInt8>, _ body: (ArraySlice<UInt8>) -> Bool) throws(TooLong) -> Bool {
        rest += bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            let goesOn = line.isEmpty || body(line)
            rest.removeSubrange(...end)
            guard goesOn else { return false }
        }
        guard rest.count <= limit else { throw TooLong() }
        return true
    }
}
