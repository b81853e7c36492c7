/// Writes metrics in Prometheus' text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// The head of a family; its samples follow.
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

    /// - Parameter values: in the order of the descriptor's labels; a label with an empty value is left out, which
    ///   means the same.
    mutating func sample(_ metric: MetricDescriptor, _ values: [String], _ value: some MetricValue) {
        append(metric.name)
        appendLabels(metric.labels, values)
        finish(value)
    }

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

    private mutating func appendLabels(_ names: [String], _ values: [String]) {
        var isFirst = true
        for index in names.indices where index < values.count && !values[index].isEmpty {
            append(isFirst ? "{" : ",")
            isFirst = false
            append(names[index])
            append("=\"")
            appendEscaped(values[index], quotes: true)
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

/// What a sample may be.
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
