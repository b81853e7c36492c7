package struct TimeZoneRules: Sendable {}
extension Schedule {
    package func window(at: Timestamp, zone: TimeZoneRules) -> Window? { nil }
    package func nextChange(after: Timestamp, zone: TimeZoneRules) -> (at: Timestamp, instances: Int?)? { nil }
}
