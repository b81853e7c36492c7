internal import PrewarmCore
internal import Synchronization

/// Counts by labels, from any thread. What is behind the limit on label sets is counted as one, `_other`.
final class Counter: Sendable {
    let metric: MetricDescriptor
    private let cells: Mutex<BoundedCells<UInt64>>

    /// - Parameter limit: label sets that are told apart.
    init(_ metric: MetricDescriptor, limit: Int = 1000) {
        self.metric = metric
        cells = Mutex(BoundedCells(limit: limit))
    }

    func add(_ labels: [String], _ count: Int = 1) {
        cells.withLock { $0.change(labels, from: 0) { $0 &+= UInt64(clamping: count) } }
    }

    func write(to text: inout PrometheusText) {
        text.begin(metric)
        for (labels, count) in cells.withLock({ $0.sorted }) { text.sample(metric, labels, count) }
    }
}

/// Durations by labels, from any thread.
final class Histogram: Sendable {
    struct Cell: Sendable {
        /// For each bucket those that are in it and in no smaller one; the last is what is above all bounds.
        var counts: [UInt64]
        /// In seconds.
        var sum = 0.0
    }

    let metric: MetricDescriptor
    private let cells: Mutex<BoundedCells<Cell>>

    init(_ metric: MetricDescriptor, limit: Int = 1000) {
        self.metric = metric
        cells = Mutex(BoundedCells(limit: limit))
    }

    func observe(_ labels: [String] = [], _ duration: Duration) {
        let seconds = duration / .seconds(1)
        let index = metric.buckets.firstIndex { seconds <= $0 } ?? metric.buckets.count
        let empty = Cell(counts: Array(repeating: 0, count: metric.buckets.count + 1))
        cells.withLock { cells in
            cells.change(labels, from: empty) { cell in
                cell.counts[index] &+= 1
                cell.sum += seconds
            }
        }
    }

    func write(to text: inout PrometheusText) {
        text.begin(metric)
        for (labels, cell) in cells.withLock({ $0.sorted }) { text.sample(metric, labels, cell) }
    }
}

/// Values by label sets, at most so many.
private struct BoundedCells<Value: Sendable>: Sendable {
    private let limit: Int
    private var values: [[String]: Value] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    mutating func change(_ labels: [String], from empty: Value, _ body: (inout Value) -> Void) {
        let isRoom = values[labels] != nil || values.count < limit
        body(&values[isRoom ? labels : labels.map { _ in "_other" }, default: empty])
    }

    var sorted: [(labels: [String], value: Value)] {
        values.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }
}
