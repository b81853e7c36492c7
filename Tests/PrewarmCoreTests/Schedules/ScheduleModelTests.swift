import Foundation
import PrewarmCore
import Testing

@Suite("Schedules compared with a slow model")
struct ScheduleModelTests {
    /// The days have a change of the clock, except for one.
    @Test(
        "Each minute of two days and each change between them is the same as in the model",
        arguments: [
            ("Europe/Berlin", "2026-03-28T10:00:00Z"), ("Europe/Berlin", "2026-10-24T10:00:00Z"),
            ("Europe/Berlin", "2026-06-28T10:00:00Z"), ("America/New_York", "2027-03-13T10:00:00Z"),
            ("America/New_York", "2027-11-06T20:00:00Z"), ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"),
            ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"), ("America/Sao_Paulo", "2018-11-03T12:00:00Z"),
            ("America/Sao_Paulo", "2018-02-17T12:00:00Z"), ("Pacific/Apia", "2011-12-29T12:00:00Z"),
            ("Europe/Dublin", "2045-03-25T12:00:00Z"), ("Asia/Kathmandu", "1985-12-31T12:00:00Z"),
        ])
    func minutes(zone: String, start: String) throws {
        let rules = try systemZone(zone)
        let foundation = try #require(TimeZone(identifier: zone))
        let first = Int(try #require(Timestamp(start)).milliseconds / 60_000)
        let instants = Array(first..<first + 2 * 1440)
        let wall = instants.map {
            $0 + foundation.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0) * 60)) / 60
        }
        var generator = SplitMix64(seed: UInt64(first))
        for _ in 0..<12 {
            let crons = (0..<Int.random(in: 1...3, using: &generator)).map { _ in nearCron(using: &generator) }
            let held = crons.map { CronModel($0).holds(onWall: wall) }
            let expected = instants.indices.map { minute in held.firstIndex { $0[minute] }.map { $0 % 2 } }
            let schedule = Schedule(
                timezone: zone,
                windows: try crons.enumerated().map { .init(cron: try CronExpression($1), instances: $0 % 2) })
            // In the first three hours the model does not know the minutes before.
            for index in instants.indices.dropFirst(180) {
                let late = Int64.random(in: 0..<60_000, using: &generator)
                let instant = Timestamp(milliseconds: Int64(instants[index]) * 60_000 + late)
                let instances = schedule.window(at: instant, zone: rules)?.instances
                guard instances == expected[index] else {
                    Issue.record("\(crons) at \(instant): \(instances as Int?), not \(expected[index] as Int?)")
                    return
                }
                guard late % 50 == 0 else { continue }
                let change = schedule.nextChange(after: instant, zone: rules)
                if let next = instants.indices[index...].first(where: { expected[$0] != expected[index] }) {
                    #expect(change?.at == Timestamp(seconds: Int64(instants[next]) * 60), "\(crons) after \(instant)")
                    #expect(change?.instances == expected[next])
                } else if let change {
                    #expect(change.at >= Timestamp(seconds: Int64(first + 2 * 1440) * 60), "\(crons) after \(instant)")
                }
            }
        }
    }

    /// Returns a random expression that mostly matches at night, when clocks change, and mostly on every day.
    private func nearCron(using generator: inout SplitMix64) -> String {
        var fields = randomCron(using: &generator).split(separator: " ").map(String.init)
        if Bool.random(using: &generator) { fields[1] = "\(Int.random(in: 0...3, using: &generator))" }
        for field in 2...4 where Int.random(in: 0..<4, using: &generator) > 0 { fields[field] = "*" }
        return fields.joined(separator: " ")
    }

    @Test("The next change is a change, even if it is years away, and nothing changes before it")
    func farChanges() throws {
        let berlin = try systemZone("Europe/Berlin")
        var generator = SplitMix64(seed: 99)
        for _ in 0..<1500 {
            let cron = randomCron(using: &generator)
            let schedule = try schedule((cron, 1))
            let start = Timestamp(seconds: Int64.random(in: 0..<4_000_000_000, using: &generator))
            let current = schedule.window(at: start, zone: berlin)?.instances
            guard let change = schedule.nextChange(after: start, zone: berlin) else {
                #expect(!cron.contains { $0.isNumber && $0 != "1" }, "\(cron) never changes after \(start)")
                continue
            }
            #expect(change.at > start && change.instances != current)
            #expect(schedule.window(at: change.at, zone: berlin)?.instances == change.instances)
            for _ in 0..<20 {
                let between = Int64.random(in: start.milliseconds..<change.at.milliseconds, using: &generator)
                let instances = schedule.window(at: Timestamp(milliseconds: between), zone: berlin)?.instances
                #expect(instances == current, "\(cron) between \(start) and \(change.at)")
            }
        }
    }
}
