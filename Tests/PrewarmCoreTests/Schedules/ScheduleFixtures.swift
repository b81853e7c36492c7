import Foundation
import PrewarmCore
import Testing

let zoneDirectory = "/usr/share/zoneinfo"

func systemZone(_ name: String) throws -> TimeZoneRules {
    try TimeZoneRules(tzif: [UInt8](Data(contentsOf: URL(filePath: "\(zoneDirectory)/\(name)"))))
}

func schedule(_ windows: (cron: String, instances: Int)...) throws -> Schedule {
    Schedule(
        timezone: "the zone of the test",
        windows: try windows.map { .init(cron: try CronExpression($0.cron), instances: $0.instances) })
}

/// Returns a random expression that cron accepts and that matches at some time. It contains no range of one value,
/// which croniter reads as all values.
func randomCron(using generator: inout SplitMix64) -> String {
    func value(_ range: ClosedRange<Int>, using generator: inout SplitMix64) -> String {
        let low = Int.random(in: range.lowerBound..<range.upperBound, using: &generator)
        let high = Int.random(in: low + 1...range.upperBound, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return "\(low)-\(high)"
        case 1: return "\(low)-\(high)/\(Int.random(in: 1...high - low, using: &generator))"
        case 2: return "\(low)"
        default: return "\(high)"
        }
    }
    func field(_ range: ClosedRange<Int>, stars: Int, using generator: inout SplitMix64) -> String {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<stars: return "*"
        case stars: return "*/\(Int.random(in: 1...range.upperBound / 2, using: &generator))"
        default:
            let count = Int.random(in: 1...3, using: &generator)
            return (0..<count).map { _ in value(range, using: &generator) }.joined(separator: ",")
        }
    }
    let days = field(1...28, stars: 5, using: &generator)
    return [
        field(0...59, stars: 3, using: &generator), field(0...23, stars: 3, using: &generator), days,
        field(1...12, stars: 7, using: &generator), field(0...6, stars: 5, using: &generator),
    ].joined(separator: " ")
}
