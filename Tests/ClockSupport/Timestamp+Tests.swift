package import PrewarmCore

extension Timestamp {
    /// The given number of seconds after 2027-01-15T08:00:00Z.
    package static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_800_000_000 + seconds) }
}
