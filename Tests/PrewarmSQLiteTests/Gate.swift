import Dispatch

/// Holds up a thread that is not of the cooperative pool, ten seconds at most.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() {
        _ = semaphore.wait(timeout: .now() + 10)
    }

    func open() {
        semaphore.signal()
    }
}
