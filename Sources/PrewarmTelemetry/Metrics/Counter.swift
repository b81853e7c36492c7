internal import PrewarmCore
internal import Synchronization

/// A counter with one value for each set of labels. Any thread may use it.
///
/// Label sets beyond the limit share one value, in which every label is `_other`.
final class Counter: Sendable {
    let metric: MetricDescriptor
    private let cells: Mutex<BoundedCells<UInt64>>

    /// - Parameter limit: The number of label sets that have a value of their own.
    init(_ metric: MetricDescriptor, limit: Int = 1000) {
        self.metric = metric
        cells = Mutex(BoundedCells(limit: limit))
    }

    /// Adds to the value of a label set.
    func add(_ labels: [String], _ count: Int = 1) {
        cells.withLock { $0.change(labels, from: 0) { $0 &+= UInt64(clamping: count) } }
    }

    func write(to text: inout PrometheusText) {
        text.begin(metric)
        for (labels, count) in cells.withLock({ $0.sorted }) { text.sample(metric, labels, count) }
    }
}

/// A histogram of durations with one cell for each set of labels. Any thread may use it.
final class Histogram: Sendable {
    /// The counts of one label set.
    struct Cell: Sendable {
        /// The number of durations in each bucket that fit no smaller bucket. The last element counts the durations above
        /// every bound.
        var counts: [UInt64]
        /// The sum of all durations, in seconds.
        var sum = 0.0
    }

    let metric: MetricDescriptor
    private let cells: Mutex<BoundedCells<Cell>>

    init(_ metric: MetricDescriptor, limit: Int = 1000) {
        self.metric = metric
        cells = Mutex(BoundedCells(limit: limit))
    }

    /// Adds one duration to the cell of a label set. A negative duration counts as 0.
    func observe(_ labels: [String] = [], _ duration: Duration) {
        // A clock that jumps back gives a negative duration, and the sum of a histogram must never decrease.
        let seconds = max(duration / .seconds(1), 0)
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

/// A bounded table of values by label set. Label sets beyond the limit share the entry `_other`.
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
