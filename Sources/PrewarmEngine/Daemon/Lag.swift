import PrewarmCore

/// The times at which a remote is asked again that does not show an announced push yet. A forge may announce a push before
/// all of its replicas show it, so prewarm looks again after 1, 2, 4, 8 and 16 seconds.
struct Lag {
    private(set) var nextLook: Timestamp?
    private var pause = Duration.seconds(1)
    private var awaited: String?

    private static let longestPause = Duration.seconds(16)

    func isDue(at now: Timestamp) -> Bool { wait(from: now) == .zero }

    /// Returns the time until the next look; nil if none is planned.
    func wait(from now: Timestamp) -> Duration? { nextLook?.wait(from: now, atMost: Self.longestPause) }

    mutating func note(_ record: SourceLoop.Record, _ result: Result<ReconcileReport, any Error>, at now: Timestamp) {
        let announced = record.value.announced
        let applied = (try? result.get())?.revision?.commit
        guard let announced, announced != applied else {
            record.update { if $0.announced == announced { $0.announced = nil } }
            self = Lag()
            return
        }
        if awaited != announced { self = Lag() }
        awaited = announced
        guard pause <= Self.longestPause else {
            // Another push may have replaced the commit, or its branch was deleted. The usual interval continues.
            record.update { if $0.announced == announced { $0.announced = nil } }
            self = Lag()
            return
        }
        nextLook = now + pause
        pause = pause + pause
    }
}
