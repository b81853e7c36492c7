/// Writes metrics in Prometheus' text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// Appends text that is already in the format.
    mutating func append(_ written: [UInt8]) { bytes.append(contentsOf: written) }

    /// Writes the `HELP` and `TYPE` lines of a metric family. Its samples have to follow.
    mutating func begin(_ metric: MetricDescriptor) {
        append("# HELP ")
        append(metric.name)
        append(" ")
        appendEscaped(metric.help, quotes: false)
        append("\n# TYPE ")
        append(metric.name)
        append(" ")
        append(metric.kind.rawValue)
        append("\n")
    }

    /// Writes one sample.
    /// - Parameter values: The label values, in the order of the descriptor's labels. A label with an empty value is left
    ///   out, which Prometheus treats as the same.
    mutating func sample(_ metric: MetricDescriptor, _ values: [String], _ value: some MetricValue) {
        append(metric.name)
        appendLabels(metric.labels, values)
        finish(value)
    }

    /// Writes samples that differ only in their last label. The common prefix is built once.
    /// - Parameter lasts: The values of the last label, which need no escaping, with the values of the samples.
    mutating func samples(
        _ metric: MetricDescriptor, _ values: [String], by lasts: some Sequence<(label: String, value: Int)>
    ) {
        guard let last = metric.labels.last else { return }
        var start = PrometheusText()
        start.append(metric.name)
        start.appendLabels(metric.labels.dropLast(), values)
        if start.bytes.last == UInt8(ascii: "}") { start.bytes[start.bytes.count - 1] = UInt8(ascii: ",") }
        if start.bytes.last != UInt8(ascii: ",") { start.append("{") }
        start.append(last)
        start.append("=\"")
        for (label, value) in lasts {
            bytes.append(contentsOf: start.bytes)
            append(label)
            append("\"} ")
            append(value.metricText)
            append("\n")
        }
    }

    /// Writes the buckets, the sum and the count of one histogram cell.
    mutating func sample(_ metric: MetricDescriptor, _ values: [String], _ histogram: Histogram.Cell) {
        var cumulative: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            cumulative += count
            append(metric.name)
            append("_bucket")
            let bound = index < metric.buckets.count ? "\(metric.buckets[index])" : "+Inf"
            appendLabels(metric.labels + ["le"], values + [bound])
            finish(cumulative)
        }
        append(metric.name)
        append("_sum")
        appendLabels(metric.labels, values)
        finish(histogram.sum)
        append(metric.name)
        append("_count")
        appendLabels(metric.labels, values)
        finish(cumulative)
    }

    private mutating func appendLabels(_ names: some Collection<String>, _ values: [String]) {
        var isFirst = true
        for (name, value) in zip(names, values) where !value.isEmpty {
            append(isFirst ? "{" : ",")
            isFirst = false
            append(name)
            append("=\"")
            appendEscaped(value, quotes: true)
            append("\"")
        }
        if !isFirst { append("}") }
    }

    private mutating func finish(_ value: some MetricValue) {
        append(" ")
        append(value.metricText)
        append("\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func appendEscaped(_ text: String, quotes: Bool) {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == 10 || $0 == UInt8(ascii: "\"") }) else {
            return append(text)
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}

/// A number that can be the value of a sample.
protocol MetricValue {
    var metricText: String { get }
}

extension Int: MetricValue {
    var metricText: String { String(self) }
}

extension UInt64: MetricValue {
    var metricText: String { String(self) }
}

extension Double: MetricValue {
    var metricText: String { isNaN ? "NaN" : self == .infinity ? "+Inf" : self == -.infinity ? "-Inf" : "\(self)" }
}
