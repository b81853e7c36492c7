/// The end of what a child writes to standard error.
struct LogTail: Sendable {
    /// 256 KiB.
    static let limit = 1 << 18

    private var kept: [UInt8] = []
    private var dropped = 0
    private let slack: Int

    /// - Parameter slack: How many bytes more are kept before the cut, for a secret that lies across it.
    init(slack: Int) {
        self.slack = slack
    }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        kept += bytes
        let most = Self.limit + slack
        // Not at each append: moving the rest costs its length.
        guard kept.count > 2 * most else { return }
        dropped += kept.count - most
        kept.removeFirst(kept.count - most)
    }

    /// At most 256 KiB and the line that says how much is missing.
    func text(_ redactor: Redactor) -> String {
        let secrets = redactor.ranges(in: kept)
        var cut = max(0, kept.count - Self.limit)
        if let across = secrets.first(where: { $0.contains(cut) && $0.lowerBound < cut }) { cut = across.upperBound }
        let text = redactor.redact(kept, from: cut, secrets)
        let missing = dropped + cut
        return missing == 0 ? text : "[… \(missing) bytes left out]\n" + text
    }
}
