import Foundation
import PrewarmCore

/// Ratios against a peer or a physical limit, both measured in turns in one run: `swift run -c release Benchmarks`, with
/// the names of some of the parts and numbers of presets as arguments, where not all are wanted.
///
/// A ratio is the median over pairs of CPU time, which holds on a noisy machine where times of a clock do not.
@main
struct Benchmarks {
    /// Presets, each with ten instances. Numbers among the arguments stand in their place.
    static let sizes = {
        let given = CommandLine.arguments.compactMap { Int($0) }
        return given.isEmpty ? [100, 1000, 10_000] : given
    }()

    static func main() async throws {
        let wanted = CommandLine.arguments.dropFirst().filter { Int($0) == nil }
        let parts: [(name: String, run: () async throws -> [Row])] = [
            ("planning", PlanningBenchmark.rows), ("claims", ClaimBenchmark.rows),
            ("served", ServedClaimBenchmark.rows), ("reconciliations", ReconcileBenchmark.rows),
            ("cold", ColdBenchmark.rows), ("programs", ProgramBenchmark.rows),
        ]
        write(Row.title)
        for (name, run) in parts where wanted.isEmpty || wanted.contains(name) {
            for row in try await run() { write(row.line) }
        }
    }
}

/// At once, whoever reads it.
private func write(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

/// One line of the table.
struct Row {
    let name: String
    private let ours: Duration
    private let theirs: Duration
    private let ratio: Double
    /// What the ratio shall not be above.
    private let limit: Double?
    /// Of our process at its largest, in bytes.
    private let memory: Int?

    init(name: String, times: [(ours: Duration, theirs: Duration)], limit: Double? = nil, memory: Int? = nil) {
        self.name = name
        let middle = times.count / 2
        ours = times.map(\.ours).sorted()[middle]
        theirs = times.map(\.theirs).sorted()[middle]
        ratio = times.map { $0.ours / $0.theirs }.sorted()[middle]
        self.limit = limit
        self.memory = memory
    }

    static let title = padded("what / against what", 74) + "        ours     against   ratio  limit"

    var line: String {
        Self.padded(name, 74) + Self.text(ours) + Self.text(theirs) + String(format: "%8.2f", ratio)
            + (limit.map { String(format: "%7.1f", $0) + (ratio > $0 ? " !" : "") } ?? "")
            + (memory.map { "  \($0 >> 20) MB" } ?? "")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func text(_ duration: Duration) -> String {
        String(
            format: "%9.2f ms",
            Double(duration.components.attoseconds) / 1e15 + Double(duration.components.seconds) * 1e3)
    }
}

/// Runs both sides in turns, after `prepare`, which doesn't count.
func compare(
    _ name: String, pairs: Int = 15, limit: Double? = nil, prepare: () async throws -> Void = {},
    ours: () async throws -> Void, theirs: () async throws -> Void
) async throws -> Row {
    var times: [(ours: Duration, theirs: Duration)] = []
    // The first pair warms caches and is not counted.
    for index in 0...pairs {
        try await prepare()
        let pair = (ours: try await cpuTime(of: ours), theirs: try await cpuTime(of: theirs))
        if index > 0 { times.append(pair) }
    }
    return Row(name: name, times: times, limit: limit)
}

/// Of all threads of this process.
func cpuTime(of body: () async throws -> Void) async rethrows -> Duration {
    let start = cpuTime()
    try await body()
    return cpuTime() - start
}

private func cpuTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
}

extension Timestamp {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
