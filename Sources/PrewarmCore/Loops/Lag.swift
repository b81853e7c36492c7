/// The times at which a remote is asked again that does not show an announced commit yet. A forge may announce a push before
/// all of its replicas show it, so prewarm looks again after 1, 2, 4, 8 and 16 seconds.
struct Lag: Hashable, Sendable {
    /// The announced commit; nil if none is awaited.
    private var commit: String?
    private var nextLook: Instant?
    private var pause = Duration.seconds(1)

    private static let longestPause = Duration.seconds(16)

    func isDue(at now: Instant) -> Bool { wait(from: now) == .zero }

    /// Returns the time until the next look; nil if none is planned.
    func wait(from now: Instant) -> Duration? { nextLook.map { max(.zero, $0 - now) } }

    /// Notes that a forge announced a commit. Its first look is a pull that the announcement causes.
    mutating func announce(_ commit: String) {
        guard commit != self.commit else { return }
        self = Lag()
        self.commit = commit
    }

    /// Notes the end of a pull.
    /// - Parameter applied: The applied commit; nil if it is unknown.
    mutating func notePull(applied: String?, at now: Instant) {
        guard let commit else { return }
        // After the last look, another push may have replaced the commit, or its branch was deleted. The usual interval
        // continues.
        guard commit != applied, pause <= Self.longestPause else {
            self = Lag()
            return
        }
        nextLook = now + pause
        pause = pause + pause
    }
}
