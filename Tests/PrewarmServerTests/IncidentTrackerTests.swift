import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmServer

/// As a store numbers them.
private func numbered(_ batches: [[Event]]) -> [[SequencedEvent]] {
    var sequence: Int64 = 0
    return batches.map { batch in
        batch.map { event in
            sequence += 1
            return SequencedEvent(sequence: sequence, event: event)
        }
    }
}

/// What is told of events that are read in these batches: `type count` each, in order.
private func told(
    _ batches: [[Event]], wanted: Set<NotificationType> = NotificationType.standard, restarting: Bool = false
) throws -> [String] {
    var tracker = IncidentTracker()
    var told: [String] = []
    for events in numbered(batches) {
        let notifications = tracker.fold(events, wanted: wanted) { $0 != "other" }
        for case .message(let message) in notifications.map(\.content) {
            told.append("\(message.type.rawValue) \(message.count)")
        }
        if restarting { tracker = try IncidentTracker(binary: tracker.binary) }
    }
    return told
}

@Suite("Incidents")
struct IncidentTrackerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let batches: [[Event]]
        let told: [String]
        var wanted = NotificationType.standard

        init(
            _ description: String, _ batches: [[Event]], _ told: [String],
            wanted: Set<NotificationType> = NotificationType.standard
        ) {
            testDescription = description
            self.batches = batches
            self.told = told
            self.wanted = wanted
        }
    }

    static let cases = [
        Case(
            "fifty pools that stall at once are one message, and one when the last is well",
            [
                (1...50).map { .preset("p\($0)", "Stalled") }, (1...49).map { .preset("p\($0)", "Recovered") },
                [.preset("p50", "Recovered")],
            ], ["preset.stalled 50", "preset.recovered 1"]),
        Case(
            "what joins an open incident is not told again",
            [[.preset("a", "Stalled")], [.preset("b", "Stalled")], [.preset("a", "Recovered")]],
            ["preset.stalled 1"]),
        Case(
            "a stalled pool that leaves git is over, too",
            [[.preset("a", "Stalled")], [.preset("a", "Forgotten")], [.preset("a", "Recovered")]],
            ["preset.stalled 1", "preset.recovered 1"]),
        Case(
            "a remote that fails in several ways fails once",
            [
                [.source("Unreachable")], [.source("AuthenticationFailed")], [.source("Recovered")],
                [.source("Recovered")],
            ],
            ["source.failing 1", "source.recovered 1"]),
        Case(
            "what a pin or a suspension says is no failure", [[.source("Pinned"), .source("Suspended")]], []),
        Case(
            "revisions that are broken one after the other are one incident",
            [
                [.revision("a", "Applied"), .revision("a", "ManifestsInvalid")],
                [.revision("b", "Applied"), .revision("b", "ManifestsInvalid")],
                [.revision("c", "Applied"), .revision("c", "ManifestsValid")],
            ], ["revision.invalid 1", "revision.recovered 1"]),
        Case(
            "an approval ends what was held",
            [[.revision("a", "DeletionsHeld")], [.source("Approved")], [.revision("a", "HoldEnded")]],
            ["revision.held 1", "revision.approved 1"]),
        Case(
            "so does another revision", [[.revision("a", "DeletionsHeld")], [.revision("b", "HoldEnded")]],
            ["revision.held 1", "revision.recovered 1"]),
        Case(
            "an approval that nobody wants to hear of ends it all the same",
            [[.revision("a", "DeletionsHeld")], [.source("Approved")]], ["revision.held 1", "revision.recovered 1"],
            wanted: [.revisionHeld]),
        Case(
            "lost workspaces are replaced once as many are ready",
            [
                [.workspace("a", "Lost"), .workspace("a", "Lost")], [.workspace("a", "Ready")],
                [.workspace("b", "Ready")], [.workspace("a", "Ready")],
            ], ["workspace.lost 2", "workspace.recovered 1"]),
        Case(
            "a loss that nobody saw the end of doesn't keep the next day's quiet",
            [[.workspace("a", "Lost", at: .at(0))], [.workspace("a", "Lost", at: .at(86_400))]],
            ["workspace.lost 1", "workspace.lost 1"]),
        Case(
            "builds that fail are told where that is asked for, and become stalled without a word of recovery",
            [
                [.workspace("a", "CreateFailed")], [.workspace("a", "CreateFailed")],
                [.workspace("a", "CreateFailed"), .preset("a", "Stalled")],
                [.preset("a", "Recovered"), .workspace("a", "Ready")],
            ], ["preset.degraded 1", "preset.stalled 1", "preset.recovered 1"],
            wanted: [.presetDegraded, .presetStalled]),
        Case(
            "failed builds are no news by default", [[.workspace("a", "CreateFailed")], [.workspace("a", "Ready")]], []),
        Case(
            "a thousand claims at once are one message",
            [(1...1000).map { _ in .workspace("a", "Claimed") }, [.workspace("a", "Claimed")]],
            ["workspace.claimed 1000", "workspace.claimed 1"], wanted: [.workspaceClaimed]),
        Case(
            "each revision is a message of its own",
            [[.revision("a", "Applied"), .revision("b", "Applied"), .revision("b", "Converged")]],
            ["revision.applied 1", "revision.applied 1", "revision.converged 1"],
            wanted: [.revisionApplied, .revisionConverged]),
        Case("other sources are not this sink's", [[.preset("a", "Stalled", source: "other")]], []),
        Case(
            "an end that is read together with its beginning is told, too",
            [[.source("Unreachable"), .source("Recovered"), .source("Unreachable")]],
            ["source.failing 1", "source.recovered 1", "source.failing 1"]),
    ]

    @Test("One message for broken, one for recovered", arguments: cases)
    func table(case: Case) throws {
        #expect(try told(`case`.batches, wanted: `case`.wanted) == `case`.told)
        #expect(try told(`case`.batches, wanted: `case`.wanted, restarting: true) == `case`.told, "after restarts, too")
    }

    @Test("Whatever happens, a beginning comes before its end, and never twice without one")
    func property() throws {
        var generator = SplitMix64(seed: 2026)
        let reasons: [@Sendable (String) -> Event] = [
            { .preset($0, "Stalled") }, { .preset($0, "Recovered") }, { .preset($0, "Forgotten") },
            { .workspace($0, "CreateFailed") }, { .workspace($0, "Ready") }, { .workspace($0, "Lost") },
            { _ in .source("Unreachable") }, { _ in .source("Recovered") }, { _ in .source("Approved") },
            { _ in .revision("a", "DeletionsHeld") }, { _ in .revision("a", "HoldEnded") },
            { _ in .revision("a", "ManifestsInvalid") }, { _ in .revision("a", "ManifestsValid") },
            { _ in .revision("a", "Converged") },
        ]
        for _ in 0..<300 {
            var tracker = IncidentTracker()
            var open: Set<String> = []
            var topics: Set<String> = []
            var ids: Set<String> = []
            for sequence in 1...60 {
                let make = reasons.randomElement(using: &generator) ?? reasons[0]
                let event = make(["a", "b", "c"].randomElement(using: &generator) ?? "a")
                let notifications = tracker.fold(
                    [SequencedEvent(sequence: Int64(sequence), event: event)], wanted: Set(NotificationType.allCases)
                ) { _ in true }
                for notification in notifications {
                    #expect(ids.insert(notification.id).inserted)
                    guard case .message(let message) = notification.content, let id = message.incident else { continue }
                    let topic = String(id.prefix { $0 != "-" })
                    if message.state == .broken {
                        #expect(open.insert(id).inserted && topics.insert(topic).inserted)
                    } else {
                        #expect(open.remove(id) != nil)
                        topics.remove(topic)
                    }
                }
                let still = Set(tracker.incidents.map(\.id))
                // Only builds that became a stalled pool end without a word.
                #expect(open.subtracting(still).allSatisfy { $0.hasPrefix("degraded") })
                open.formIntersection(still)
                topics = Set(open.map { String($0.prefix { $0 != "-" }) })
                #expect(open == still)
            }
        }
    }
}

@Suite("Commit statuses")
struct CommitStatusTrackerTests {
    /// `commit state description`, with the first digit of the commit.
    private func told(_ batches: [[Event]]) throws -> [String] {
        var tracker = CommitStatusTracker()
        var told: [String] = []
        for events in numbered(batches) {
            for case .status(let status) in tracker.fold(events, concerns: { _ in true }).map(\.content) {
                told.append("\(status.commit.prefix(1)) \(status.state.rawValue) \(status.description)")
            }
            tracker = try CommitStatusTracker(binary: tracker.binary)
        }
        return told
    }

    @Test("A revision is pending while its pools are filled, and then a success")
    func success() throws {
        #expect(
            try told([[.revision("a", "Applied")], [.workspace("go", "Ready")], [.revision("a", "Converged")]]) == [
                "a pending applied, pools are being filled", "a success every pool is ready",
            ])
    }

    @Test("Broken manifests are a failure that names file and line, until they are mended")
    func failure() throws {
        let text = "presets/go.yaml:8:3: unknown key"
        #expect(
            try told([
                [.revision("a", "Applied"), .revision("a", "ManifestsInvalid", text)], [.revision("a", "Converged")],
                [.revision("b", "Applied"), .revision("b", "ManifestsValid"), .revision("b", "Converged")],
            ]) == ["a failure \(text)", "b success every pool is ready"])
    }

    @Test("Held deletions and stalled pools are failures until they are over")
    func troubles() throws {
        #expect(
            try told([
                [.revision("a", "Applied"), .revision("a", "DeletionsHeld", "9 deletions held")],
                [.source("Approved")], [.preset("go", "Stalled", "no disk")], [.preset("go", "Recovered")],
                [.revision("a", "Converged")],
            ]) == [
                "a failure 9 deletions held", "a pending applied, pools are being filled",
                "a failure go is stalled: no disk", "a pending applied, pools are being filled",
                "a success every pool is ready",
            ])
    }

    @Test("A revision that is overtaken doesn't stay pending")
    func overtaken() throws {
        #expect(
            try told([[.revision("a", "Applied")], [.revision("b", "Applied")]]) == [
                "a pending applied, pools are being filled",
                "a success applied; main@sha1:bbbbbbbb came before every pool was ready",
                "b pending applied, pools are being filled",
            ])
    }

    @Test("Of what a commit was in between only the last is told")
    func coalescing() throws {
        #expect(
            try told([[.revision("a", "Applied"), .revision("a", "Converged")]]) == ["a success every pool is ready"])
    }
}
