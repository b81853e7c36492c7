package import PrewarmCore

/// The times of a page: relative to now, with the exact time in the element's title. Servers and readers can be in different
/// time zones, so exact times are in UTC.
package struct Moments: Sendable {
    package let now: Timestamp

    package init(now: Timestamp) { self.now = now }

    /// Returns the element `time`; a dash without a time.
    func element(_ time: Timestamp?) -> Markup { time.map { element($0) } ?? "–" }

    func element(_ time: Timestamp) -> Markup {
        "<time datetime=\"\(time.inSentence)\" title=\"\(exact(time))\">\(distance(time))</time>"
    }

    /// Returns for example `3 min ago` or `in 2 h`.
    func distance(_ time: Timestamp) -> String {
        if time > now { return "in \(Self.length(time - now))" }
        let length = now - time
        return length < .seconds(5) ? "just now" : "\(Self.length(length)) ago"
    }

    /// Returns the length in one unit, for example `45 s`, `3 min`, `7 h` or `12 days`.
    static func length(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        switch seconds {
        case ..<100: return "\(seconds) s"
        case ..<5_400: return "\((seconds + 30) / 60) min"
        case ..<129_600: return "\((seconds + 1_800) / 3_600) h"
        default: return "\((seconds + 43_200) / 86_400) days"
        }
    }

    /// Returns for example `2026-11-23 21:36 UTC`.
    private func exact(_ time: Timestamp) -> String {
        time.inSentence.replacing("T", with: " ").replacing("Z", with: " UTC")
    }

    /// Returns a sentence of prewarm in which times in RFC 3339 are elements `time`.
    func sentence(_ text: String) -> Markup {
        guard text.contains("T") else { return .sentence(text) }
        var (result, rest) = (Markup.none, text[...])
        while let found = rest.firstMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z/) {
            guard let time = Timestamp(found.output.0) else { break }
            let before = String(rest[..<found.range.lowerBound])
            result += .sentence(before)
            result += inSentence(time, after: before)
            rest = rest[found.range.upperBound...]
        }
        return result + .sentence(String(rest))
    }

    /// Returns a time for a sentence. After "at" or "until", the exact time comes first.
    private func inSentence(_ time: Timestamp, after text: String) -> Markup {
        guard ["until ", "since ", "at ", "From "].contains(where: { text.hasSuffix($0) }) else { return element(time) }
        return "<time datetime=\"\(time.inSentence)\">\(exact(time))</time> (\(distance(time)))"
    }
}
