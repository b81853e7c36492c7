/// Runs work that takes at most a given time. If the time is over, or the task is canceled, the work is canceled and its
/// end is awaited.
/// - Returns: The result of the work; nil if the time was over first.
func within<Value: Sendable>(
    _ limit: Duration, _ work: @escaping @Sendable () async -> Value
) async -> Value? {
    await withTaskGroup(of: TimedStep<Value>.self) { group in
        group.addTask { .done(await work()) }
        group.addTask { (try? await Task.sleep(for: limit)) != nil ? .timeIsOver : .canceled }
        while let step = await group.next() {
            switch step {
            case .done(let value):
                group.cancelAll()
                return value
            case .timeIsOver:
                group.cancelAll()
                return nil
            case .canceled: break
            }
        }
        return nil
    }
}

private enum TimedStep<Value: Sendable>: Sendable {
    case done(Value)
    case timeIsOver
    case canceled
}
