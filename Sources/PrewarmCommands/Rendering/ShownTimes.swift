import Glibc
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The times of a command's output, for people: relative to now first, then in the zone of the reader and without
/// milliseconds. JSON and YAML keep RFC 3339.
struct ShownTimes {
    let now: Timestamp

    /// Returns for example `in 12s (22:12:16)` or `3m ago (22:09:04)`.
    func relative(_ time: Timestamp) -> String { "\(distance(to: time)) (\(clock(time)))" }

    /// Returns the time for a place after "until" or "since", for example `22:12:16 (in 12s)`.
    func absolute(_ time: Timestamp) -> String { "\(clock(time)) (\(distance(to: time)))" }

    /// Returns the end of a sentence, for example ` until 22:12:16 (in 12s)`; empty if there is no end.
    func until(_ end: Timestamp?) -> String { end.map { " until \(absolute($0))" } ?? "" }

    /// Returns for example `in 12s` or `3m ago`.
    func distance(to time: Timestamp) -> String {
        time > now ? "in \((time - now).remaining)" : "\((now - time).age) ago"
    }

    /// Returns a sentence of prewarm with its times in RFC 3339 replaced by times for people. For example,
    /// `Next try: 2026-11-29T21:12:16Z` becomes `Next try: in 12s (22:12:16)`.
    func sentence(_ text: String) -> String {
        guard text.contains("T") else { return text }
        var (result, rest) = ("", text[...])
        while let found = rest.firstMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z/) {
            result += rest[..<found.range.lowerBound]
            result += Timestamp(found.output.0).map { shown($0, after: result) } ?? String(found.output.0)
            rest = rest[found.range.upperBound...]
        }
        return result + rest
    }

    /// Returns a time in a sentence, in the form that fits the text before it. A wait until a time that has passed is over
    /// now: `until 22:12:16 (now)`.
    private func shown(_ time: Timestamp, after text: String) -> String {
        if text.hasSuffix("until "), time <= now { return "\(clock(time)) (now)" }
        if text.hasSuffix("Next try: "), time <= now { return "now (\(clock(time)))" }
        return ["until ", "since ", "at ", "From "].contains { text.hasSuffix($0) } ? absolute(time) : relative(time)
    }

    /// Returns the time of day in the zone of the reader, for example `22:12:16`. If it is not today, it begins with the
    /// date: `2026-12-01 22:12`.
    private func clock(_ time: Timestamp) -> String {
        guard let local = Self.local(time), let today = Self.local(now) else { return time.inSentence }
        let isToday = local.tm_year == today.tm_year && local.tm_yday == today.tm_yday
        let minute = "\(Self.two(local.tm_hour)):\(Self.two(local.tm_min))"
        if isToday { return "\(minute):\(Self.two(local.tm_sec))" }
        return "\(local.tm_year + 1900)-\(Self.two(local.tm_mon + 1))-\(Self.two(local.tm_mday)) \(minute)"
    }

    private static func local(_ time: Timestamp) -> tm? {
        guard var seconds = time_t(exactly: time.wholeSeconds) else { return nil }
        tzset()
        var parts = tm()
        return localtime_r(&seconds, &parts) == nil ? nil : parts
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
