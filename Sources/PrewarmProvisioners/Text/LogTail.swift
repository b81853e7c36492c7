/// The end of what a child writes to standard error.
struct LogTail: Sendable {
    /// The most bytes of the log that are kept: 256 KiB.
    static let limit = 1 << 18

    private var kept: [UInt8] = []
    private var dropped = 0
    private let slack: Int

    /// - Parameter slack: The number of bytes that are kept before the cut, to find a secret across the cut.
    init(slack: Int) {
        self.slack = slack
    }

    /// Adds bytes to the log.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        kept += bytes
        let most = Self.limit + slack
        // The log is cut rarely, because removing the beginning moves the rest.
        guard kept.count > 2 * most else { return }
        dropped += kept.count - most
        kept.removeFirst(kept.count - most)
    }

    /// Returns the end of the log without secrets: at most 256 KiB, after a line with the number of missing bytes.
    func text(_ redactor: Redactor) -> String {
        let secrets = redactor.ranges(in: kept)
        var cut = max(0, kept.count - Self.limit)
        if let across = secrets.first(where: { $0.contains(cut) && $0.lowerBound < cut }) { cut = across.upperBound }
        let text = redactor.redact(kept, from: cut, secrets)
        let missing = dropped + cut
        return missing == 0 ? text : "[… \(missing) bytes left out]\n" + text
    }
}
