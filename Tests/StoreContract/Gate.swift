import Dispatch

/// A gate that blocks a thread outside of the cooperative pool until it opens, for at most some seconds.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    /// - Parameter seconds: The longest time to wait.
    func wait(seconds: Double = 10) {
        _ = semaphore.wait(timeout: .now() + seconds)
    }

    func open() {
        semaphore.signal()
    }
}
