import Synchronization

/// The progress of the daemon's loops, which finds loops that hang.
///
/// Each loop reports the time until its next report: the longest time of its work, or the time until it wakes up. A loop
/// whose report is late hangs, for whatever reason. The time in which the machine slept does not count.
package final class LoopProgress: Sendable {
    /// A loop whose report is late.
    package struct Hang: Hashable, Sendable {
        /// The name of the loop, for example `source presets` or `operations`.
        package let loop: String
        /// The time since its last report.
        package let age: Duration

        /// The text `the loop of source presets has made no progress for 240 s`.
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

        /// Reports that the loop makes progress. It counts as hanging if no report follows within `limit` and one minute.
        package func comeRound(within limit: Duration) { progress.note(id, limit + LoopProgress.margin) }

        /// Reports that the loop has ended.
        package func end() { progress.end(id) }
    }

    private struct Entry {
        let name: String
        var since: Duration
        var limit: Duration
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var count = 0
    }

    /// The time that a report may be late, since a busy machine delays loops.
    fileprivate static let margin = Duration.seconds(60)

    private let clock: any EngineClock
    private let state = Mutex(State())

    package init(_ clock: any EngineClock) {
        self.clock = clock
    }

    /// Starts watching a loop. Its first report is due within a minute.
    package func begin(_ name: String) -> Loop {
        let now = clock.uptime().elapsed
        let id = state.withLock { state in
            state.count += 1
            state.entries[state.count] = Entry(name: name, since: now, limit: Self.margin)
            return state.count
        }
        return Loop(self, id)
    }

    private func note(_ id: Int, _ limit: Duration) {
        let now = clock.uptime().elapsed
        state.withLock { state in
            state.entries[id]?.since = now
            state.entries[id]?.limit = limit
        }
    }

    private func end(_ id: Int) {
        state.withLock { _ = $0.entries.removeValue(forKey: id) }
    }

    /// The loops that hang now, in the order of their names.
    package var hangs: [Hang] {
        let now = clock.uptime().elapsed
        return state.withLock { state in
            state.entries.values.filter { now - $0.since > $0.limit }.map { Hang(loop: $0.name, age: now - $0.since) }
        }.sorted { $0.loop < $1.loop }
    }
}
