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
        } else if let date = HTTPDate.instant(text) {
            wait = date - now
        } else {
            return nil
        }
        return min(max(wait, .zero), limit)
    }
}
