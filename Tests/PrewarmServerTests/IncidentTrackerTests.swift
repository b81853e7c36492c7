import ClockSupport
import PrewarmCore
import PrewarmEngine
@testable import PrewarmNotifications
@testable import PrewarmServer
import Testing

/// Numbers the events as a store does.
private func numbered(_ batches: [[Event]]) -> [[SequencedEvent]] {
    var sequence: Int64 = 0
    return batches.map { batch in
        batch.map { event in
            sequence += 1
            return SequencedEvent(sequence: sequence, event: event)
        }
    }
}

/// Returns the messages for events that are read in these batches, each as `type count`, in order.
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

@Suite("The incident tracker")
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
            "fifty pools that stall at once give one message, and one more when the last recovers",
            [
                (1...50).map { .preset("p\($0)", "Stalled") }, (1...49).map { .preset("p\($0)", "Recovered") },
                [.preset("p50", "Recovered")],
            ], ["preset.stalled 50", "preset.recovered 1"]),
        Case(
            "an outage of a provisioner gives one message, and one when it ends",
            [
                [.provisioner("ProvisionerUnavailable")], [.provisioner("ProvisionerUnavailable")],
                [.provisioner("ProvisionerAvailable")],
            ], ["provisioner.unavailable 1", "provisioner.available 1"]),
        Case(
            "a preset that joins an open incident gives no message",
            [[.preset("a", "Stalled")], [.preset("b", "Stalled")], [.preset("a", "Recovered")]],
            ["preset.stalled 1"]),
        Case(
            "removing a stalled preset from git ends its incident",
            [[.preset("a", "Stalled")], [.preset("a", "Forgotten")], [.preset("a", "Recovered")]],
            ["preset.stalled 1", "preset.recovered 1"]),
        Case(
            "a remote that fails in several ways gives one incident",
            [
                [.source("Unreachable")], [.source("AuthenticationFailed")], [.source("Recovered")],
                [.source("Recovered")],
            ],
            ["source.failing 1", "source.recovered 1"]),
        Case(
            "a pin and a suspension are no failures", [[.source("Pinned"), .source("Suspended")]], []),
        Case(
            "several invalid revisions in a row give one incident",
            [
                [.revision("a", "Applied"), .revision("a", "ManifestsInvalid")],
                [.revision("b", "Applied"), .revision("b", "ManifestsInvalid")],
                [.revision("c", "Applied"), .revision("c", "ManifestsValid")],
            ], ["revision.invalid 1", "revision.recovered 1"]),
        Case(
            "an approval ends the held incident",
            [[.revision("a", "DeletionsHeld")], [.source("Approved")], [.revision("a", "HoldEnded")]],
            ["revision.held 1", "revision.approved 1"]),
        Case(
            "another revision without held deletions ends the held incident",
            [[.revision("a", "DeletionsHeld")], [.revision("b", "HoldEnded")]],
            ["revision.held 1", "revision.recovered 1"]),
        Case(
            "an approval ends the held incident even if approvals are not reported",
            [[.revision("a", "DeletionsHeld")], [.source("Approved")]], ["revision.held 1", "revision.recovered 1"],
            wanted: [.revisionHeld]),
        Case(
            "the lost incident ends once as many workspaces are ready",
            [
                [.workspace("a", "Lost"), .workspace("a", "Lost")], [.workspace("a", "Ready")],
                [.workspace("b", "Ready")], [.workspace("a", "Ready")],
            ], ["workspace.lost 2", "workspace.recovered 1"]),
        Case(
            "a broken workspace counts as a lost one until it works again",
            [[.workspace("a", "Failed")], [.workspace("a", "Recovered")]],
            ["workspace.lost 1", "workspace.recovered 1"]),
        Case(
            "a loss whose end was missed does not hide a loss of the next day",
            [[.workspace("a", "Lost", at: .at(0))], [.workspace("a", "Lost", at: .at(86_400))]],
            ["workspace.lost 1", "workspace.lost 1"]),
        Case(
            "failed builds are reported if configured, and a stalled pool replaces them without a recovery message",
            [
                [.workspace("a", "CreateFailed")], [.workspace("a", "CreateFailed")],
                [.workspace("a", "CreateFailed"), .preset("a", "Stalled")],
                [.preset("a", "Recovered"), .workspace("a", "Ready")],
            ], ["preset.degraded 1", "preset.stalled 1", "preset.recovered 1"],
            wanted: [.presetDegraded, .presetStalled]),
        Case(
            "failed builds are not reported by default",
            [[.workspace("a", "CreateFailed")], [.workspace("a", "Ready")]], []),
        Case(
            "a thousand claims at once give one message",
            [(1...1000).map { _ in .workspace("a", "Claimed") }, [.workspace("a", "Claimed")]],
            ["workspace.claimed 1000", "workspace.claimed 1"], wanted: [.workspaceClaimed]),
        Case(
            "each revision gives a message of its own",
            [[.revision("a", "Applied"), .revision("b", "Applied"), .revision("b", "Converged")]],
            ["revision.applied 1", "revision.applied 1", "revision.converged 1"],
            wanted: [.revisionApplied, .revisionConverged]),
        Case("events of other sources are ignored", [[.preset("a", "Stalled", source: "other")]], []),
        Case(
            "an end that is read together with its beginning is reported too",
            [[.source("Unreachable"), .source("Recovered"), .source("Unreachable")]],
            ["source.failing 1", "source.recovered 1", "source.failing 1"]),
    ]

    @Test("An incident gives one message when it begins and one when it ends", arguments: cases)
    func table(case: Case) throws {
        #expect(try told(`case`.batches, wanted: `case`.wanted) == `case`.told)
        #expect(
            try told(`case`.batches, wanted: `case`.wanted, restarting: true) == `case`.told,
            "the result is the same with restarts")
    }

    @Test("For random events, each incident begins once before it ends")
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
                // Only a degraded incident ends without a message: if its pool stalls.
                #expect(open.subtracting(still).allSatisfy { $0.hasPrefix("degraded") })
                open.formIntersection(still)
                topics = Set(open.map { String($0.prefix { $0 != "-" }) })
                #expect(open == still)
            }
        }
    }
}

@Suite("The commit status tracker")
struct CommitStatusTrackerTests {
    /// Returns the statuses as `commit state description`, with the first digit of the commit.
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

    @Test("A revision is pending while its pools are being filled, and then a success")
    func success() throws {
        #expect(
            try told([[.revision("a", "Applied")], [.workspace("go", "Ready")], [.revision("a", "Converged")]]) == [
                "a pending applied, pools are being filled", "a success every pool is ready",
            ])
    }

    @Test("Invalid manifests give a failure with file and line until they are fixed")
    func failure() throws {
        let text = "presets/go.yaml:8:3: unknown key"
        #expect(
            try told([
                [.revision("a", "Applied"), .revision("a", "ManifestsInvalid", text)], [.revision("a", "Converged")],
                [.revision("b", "Applied"), .revision("b", "ManifestsValid"), .revision("b", "Converged")],
            ]) == ["a failure \(text)", "b success every pool is ready"])
    }

    @Test("Held deletions and stalled pools give a failure until they end")
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

    @Test("A revision that is replaced does not stay pending")
    func overtaken() throws {
        #expect(
            try told([[.revision("a", "Applied")], [.revision("b", "Applied")]]) == [
                "a pending applied, pools are being filled",
                "a success applied; main@sha1:bbbbbbbb replaced it before every pool was ready",
                "b pending applied, pools are being filled",
            ])
    }

    @Test("Only the last status of a commit in a batch is reported")
    func coalescing() throws {
        #expect(
            try told([[.revision("a", "Applied"), .revision("a", "Converged")]]) == ["a success every pool is ready"])
    }
}
