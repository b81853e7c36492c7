import Synchronization

/// The loops of the daemon, and which of them hang.
///
/// Each loop says how long it may be until it says so again: while it works, the time that the work may take; while it
/// waits, the time until it wakes up by itself. A loop that is late hangs, whatever it waits for.
package final class LoopProgress: Sendable {
    /// A loop that did not come round in time.
    package struct Hang: Hashable, Sendable {
        /// Which loop: `source presets`, `operations`.
        package let loop: String
        /// The time since it last came round.
        package let age: Duration

        /// A sentence: `the loop of source presets has made no progress for 240 s`.
        package var sentence: String { "the loop of \(loop) has made no progress for \(age.components.seconds) s" }
    }

    /// One loop, from its start to its end.
    package final class Loop: Sendable {
        private let progress: LoopProgress
        private let id: Int

        fileprivate init(_ progress: LoopProgress, _ id: Int) {
            self.progress = progress
            self.id = id
        }

        deinit { progress.end(id) }

        /// Says that the loop came round, and will do so again within a time, or a minute more.
        package func comeRound(within limit: Duration) { progress.note(id, limit + LoopProgress.margin) }

        /// Says that the loop has ended.
        package func end() { progress.end(id) }
    }

    private struct Entry {
        let name: String
        var since: SuspendingClock.Instant
        var limit: Duration
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var count = 0
    }

    /// A busy machine is no reason to call a loop hanging.
    fileprivate static let margin = Duration.seconds(60)

    private let state = Mutex(State())

    package init() {}

    /// A loop that begins now.
    package func begin(_ name: String) -> Loop {
        let id = state.withLock { state in
            state.count += 1
            state.entries[state.count] = Entry(name: name, since: .now, limit: Self.margin)
            return state.count
        }
        return Loop(self, id)
    }

    private func note(_ id: Int, _ limit: Duration) {
        state.withLock { state in
            state.entries[id]?.since = .now
            state.entries[id]?.limit = limit
        }
    }

    private func end(_ id: Int) {
        state.withLock { _ = $0.entries.removeValue(forKey: id) }
    }

    /// The loops that are late now, by their names.
    package var hangs: [Hang] { hangs(at: .now) }

    package func hangs(at now: SuspendingClock.Instant) -> [Hang] {
        state.withLock { state in
            state.entries.values.filter { now - $0.since > $0.limit }.map { Hang(loop: $0.name, age: now - $0.since) }
        }.sorted { $0.loop < $1.loop }
    }
}
