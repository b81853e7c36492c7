import PrewarmCore
import PrewarmEngine

extension KubernetesOperation {
    private static let pauses = (first: Duration.milliseconds(200), longest: Duration.seconds(3))

    /// Deletes the objects of the workspace, the last of the template first, and waits until they are gone. It succeeds if
    /// they do not exist.
    func delete() async throws(OperationFailure) -> Outcome {
        let end = ContinuousClock.now + longestWait
        var pause = Self.pauses.first
        var asked: Set<String> = []
        while true {
            let left = try await objects()
            if left.isEmpty, asked.isEmpty { try checkPlace() }
            if left.isEmpty { return .done(endpoint: nil, metadata: [:]) }
            for (resource, object) in left.reversed() where !object.isTerminating {
                try await client.delete(resource, object, spec.deletion)
                if asked.insert(object.objectUID).inserted { log.note("deleting the \(object.objectTitle)") }
            }
            for (_, object) in left where object.isTerminating && asked.insert(object.objectUID).inserted {
                log.note("the \(object.objectTitle) is being deleted already")
            }
            guard ContinuousClock.now + pause < end else { throw Self.stuck(left.map(\.object)) }
            do { try await Task.sleep(for: pause) } catch { throw .canceled }
            pause = min(pause * 2, Self.pauses.longest)
        }
    }

    /// The longest wait for the end of objects. Its reason is reported before the limit of the operation ends everything.
    var longestWait: Duration { max(settings.timeout - .seconds(30), settings.timeout / 2) }

    /// Returns the failure of objects that are still being deleted.
    static func stuck(_ objects: [Value]) -> OperationFailure {
        let first = objects.first ?? .null
        let finalizers = (first["metadata"]?.list("finalizers") ?? []).compactMap { $0.string?.printable.shortened }
        let cause = finalizers.isEmpty ? "" : ": nothing has removed its finalizers \(finalizers.summary)"
        return OperationFailure(
            .slow, "the \(first.objectTitle) is still being deleted\(cause)",
            hint: finalizers.isEmpty
                ? "prewarm tries again." : "Check the controllers that own these finalizers. prewarm tries again.")
    }
}
