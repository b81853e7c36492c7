internal import PrewarmCore

/// The field `Retry-After` of an answer: a number of seconds, or a date (RFC 9110, 10.2.3).
enum RetryAfter {
    /// The longest wait. A receiver that asks for more is tried again after this time.
    static let limit = Duration.seconds(3600)

    /// Returns the wait from `now` on, between 0 and ``limit``; nil if the text has neither form.
    static func duration(_ text: String, now: Timestamp) -> Duration? {
        let wait: Duration
        if let seconds = Int64(text) {
            wait = .seconds(seconds)
        } else if let date = date(text) {
            wait = date - now
        } else {
            return nil
        }
        return min(max(wait, .zero), limit)
    }

    /// Parses a date such as `Wed, 21 Oct 2015 07:28:00 GMT`, the only form that servers send today.
    private static func date(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[1].count == 2, parts[3].count == 4,
            let month = months.firstIndex(of: parts[2])
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
