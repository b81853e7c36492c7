import PrewarmCore

/// A forge tells of a push before all of its replicas show it: then the remote is asked again after 1, 2, 4 … seconds.
struct Lag {
    private(set) var nextLook: Timestamp?
    private var pause = Duration.seconds(1)
    private var awaited: String?

    private static let longestPause = Duration.seconds(16)

    func isDue(at now: Timestamp) -> Bool { wait(from: now) == .zero }

    /// How long until the next look; nil if none is planned.
    func wait(from now: Timestamp) -> Duration? { nextLook?.wait(from: now, atMost: Self.longestPause) }

    mutating func note(_ record: SourceLoop.Record, _ result: Result<TurnReport, any Error>, at now: Timestamp) {
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
            // Another push may have come on top, or it is of a branch that was deleted: the interval goes on.
            record.update { if $0.announced == announced { $0.announced = nil } }
            self = Lag()
            return
        }
        nextLook = now + pause
        pause = pause + pause
    }
}
