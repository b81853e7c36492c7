import Foundation
import PrewarmCore
import Subprocess
import Testing

/// The reference for times: `Tests/cron-peer.py`, which uses croniter and zoneinfo.
enum TimePeer {
    /// Returns true if python3 and croniter are installed. In CI it is always true, so that the tests fail without
    /// them.
    static func isWanted() async -> Bool {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        return await (try? answers(mode: "check", to: [])) != nil
    }

    struct Failure: Error {}

    static func answers(mode: String, to questions: [String]) async throws -> [String] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "cron-peer.py")
        let result = try await Subprocess.run(
            .name("python3"), arguments: [script.path(), mode],
            input: .string(questions.map { $0 + "\n" }.joined()), output: .string(limit: 64 << 20), error: .discarded)
        guard result.terminationStatus.isSuccess else { throw Failure() }
        return result.standardOutput.split(separator: "\n").map(String.init)
    }
}

@Suite(
    "Times compared with croniter and zoneinfo",
    .enabled("python3 with croniter is not installed: pip install croniter tzdata") { await TimePeer.isWanted() })
struct TimePeerTests {
    @Test("Thousands of expressions match the same minutes as croniter")
    func cron() async throws {
        var generator = SplitMix64(seed: 2026)
        let cases = (0..<4000).map { _ in
            let minute = Int64.random(in: 0..<60_000_000, using: &generator)
            return (cron: randomCron(using: &generator), second: minute * 60)
        }
        let answers = try await TimePeer.answers(mode: "cron", to: cases.map { "\($0.cron)\t\($0.second)" })
        #expect(answers.count == cases.count)
        for (question, answer) in zip(cases, answers) {
            let schedule = try schedule((question.cron, 1))
            var instant = Timestamp(seconds: question.second)
            for expected in answer.split(separator: " ").compactMap({ Int64($0) }) {
                if schedule.window(at: instant, zone: .utc) == nil {
                    guard let change = schedule.nextChange(after: instant, zone: .utc) else {
                        #expect(Timestamp(seconds: expected) - instant > .seconds(5 * 365 * 86_400), "\(question)")
                        break
                    }
                    instant = change.at
                }
                #expect(instant == Timestamp(seconds: expected), "\(question)")
                instant = Timestamp(seconds: expected + 60)
            }
        }
    }

    @Test("Each time zone of the system has the offsets that Python reads")
    func zones() async throws {
        var generator = SplitMix64(seed: 2027)
        var cases: [(zone: String, second: Int64)] = []
        for zone in try String(contentsOfFile: "\(zoneDirectory)/tzdata.zi", encoding: .utf8).zoneNames {
            for _ in 0..<60 {
                cases.append((zone, Int64.random(in: -4_000_000_000..<16_000_000_000, using: &generator)))
            }
        }
        let answers = try await TimePeer.answers(mode: "zones", to: cases.map { "\($0.zone)\t\($0.second)" })
        #expect(answers.count == cases.count && cases.count > 300 * 60)
        var rules: [String: TimeZoneRules] = [:]
        for (question, answer) in zip(cases, answers) {
            let zone = try rules[question.zone] ?? systemZone(question.zone)
            rules[question.zone] = zone
            #expect(zone.offset(at: Timestamp(seconds: question.second)) == Int(answer), "\(question)")
        }
    }
}

extension String {
    /// The names of the zones and links in a `tzdata.zi` file.
    fileprivate var zoneNames: [String] {
        split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            switch words.first {
            case "Z" where words.count > 1: return String(words[1])
            case "L" where words.count > 2: return String(words[2])
            default: return nil
            }
        }
    }
}
