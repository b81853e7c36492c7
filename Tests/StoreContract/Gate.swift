import Dispatch

/// A gate that blocks a thread outside of the cooperative pool until it opens, for at most ten seconds.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() {
        _ = semaphore.wait(timeout: .now() + 10)
    }

    func open() {
        semaphore.signal()
    }
}
