import PrewarmCore

/// A forge tells of a push before all of its replicas show it: then the remote is asked again after 1, 2, 4 … seconds.
struct Lag {
    private(set) var nextLook: Timestamp?
    private var pause = Duration.seconds(1)
    private var awaited: String?

    func isDue(at now: Timestamp) -> Bool { nextLook.map { $0 <= now } ?? false }

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
        guard pause <= .seconds(16) else {
            // Another push may have come on top, or it is of a branch that was deleted: the interval goes on.
            record.update { if $0.announced == announced { $0.announced = nil } }
            self = Lag()
            return
        }
        nextLook = now + pause
        pause = pause + pause
    }
}
