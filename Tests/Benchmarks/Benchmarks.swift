import Foundation
import PrewarmCore

/// Ratios against a peer or a physical limit, both measured in turns in one run: `swift run -c release Benchmarks`.
///
/// A ratio is the median over pairs of CPU time, which holds on a noisy machine where times of a clock do not.
@main
struct Benchmarks {
    static func main() async throws {
        let wanted = CommandLine.arguments.dropFirst()
        let rows: [(name: String, run: () async throws -> [Row])] = [
            ("planning", PlanningBenchmark.rows), ("claims", ClaimBenchmark.rows),
        ]
        print("what                                                      ours      against     ratio")
        for (name, run) in rows where wanted.isEmpty || wanted.contains(name) {
            for row in try await run() { print(row.line) }
        }
    }
}

/// One line of the table.
struct Row {
    let name: String
    let ours: Duration
    let theirs: Duration
    let ratio: Double

    var line: String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        return padded(name, 56) + padded(Self.text(ours), 12) + padded(Self.text(theirs), 12)
            + String(format: "%.2f", ratio)
    }

    private static func text(_ duration: Duration) -> String {
        String(
            format: "%.2f ms",
            Double(duration.components.attoseconds) / 1e15 + Double(duration.components.seconds) * 1e3)
    }
}

/// Runs both sides in turns.
func compare(
    _ name: String, pairs: Int = 15, ours: () async throws -> Void, theirs: () async throws -> Void
) async rethrows -> Row {
    var times: [(ours: Duration, theirs: Duration)] = []
    // The first pair warms caches and is not counted.
    for index in 0...pairs {
        let pair = (ours: try await cpuTime(of: ours), theirs: try await cpuTime(of: theirs))
        if index > 0 { times.append(pair) }
    }
    let ratios = times.map { $0.ours / $0.theirs }.sorted()
    return Row(
        name: name, ours: times.map(\.ours).sorted()[pairs / 2], theirs: times.map(\.theirs).sorted()[pairs / 2],
        ratio: ratios[pairs / 2])
}

/// Of all threads of this process.
private func cpuTime(of body: () async throws -> Void) async rethrows -> Duration {
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
