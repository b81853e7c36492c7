package import PrewarmCore

/// placeholder until merged
package struct ZoneDirectory: Sendable {
    package init() {}
    package func rules(of names: Set<String>) -> [String: TimeZoneRules] { [:] }
}
