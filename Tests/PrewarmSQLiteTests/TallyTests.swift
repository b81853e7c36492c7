import PrewarmCore
import PrewarmEngine
import PrewarmSQLite
import Testing

@testable import StoreContract

@Suite("Counts of workspaces")
struct TallyTests {
    @Test("The counts match the workspaces after random changes", arguments: 1...4 as ClosedRange<UInt64>)
    func followChanges(seed: UInt64) async throws {
        let fixture = try SQLiteFixture()
        let store = try SQLiteStore.open(path: fixture.path)
        let other = PresetKey(source: "main", name: "rust")
        try await store.write { try $0.save([.sample(), .sample(other)]) }
        var random = SplitMix64(seed: seed)
        var made = 0
        for _ in 0..<120 {
            let choice = Int.random(in: 0..<8, using: &random)
            let ids = (0..<made).map { WorkspaceID("w\($0)") }
            let some = ids.filter { _ in Bool.random(using: &random) && Bool.random(using: &random) }
            let state = WorkspaceState.allCases.randomElement(using: &random) ?? .ready
            let time = Timestamp.at(Int64.random(in: 0..<50, using: &random))
            let first = made
            let preset = Bool.random(using: &random) ? PresetKey.go : other
            let version = Bool.random(using: &random) ? "1" : "2"
            if choice < 2 { made += 3 }
            try await store.write { store in
                switch choice {
                case 0, 1:
                    try store.insert(
                        (first..<first + 3).map { number in
                            Workspace.sample(
                                "w\(number)", preset, state, version: version,
                                readyAt: number.isMultiple(of: 2) ? time : nil)
                        })
                case 2, 3: _ = try store.move(some, from: WorkspaceState.allCases, to: state)
                case 4:
                    for id in some {
                        guard var workspace = try store.workspace(id.rawValue) else { continue }
                        workspace.state = state
                        workspace.readyAt = time
                        _ = try store.update(workspace, from: WorkspaceState.allCases)
                    }
                case 5, 6: _ = try store.claim(.sample(version: version, preset: preset))
                default: try store.forgetHistory(before: .at(1))
                }
            }
            try await store.read { store in
                let counted = Set(try store.tallies(source: nil))
                #expect(counted == recount(try store.workspaces(WorkspaceFilter())))
                #expect(Set(try store.tallies(of: .go)) == counted.filter { $0.preset == .go })
            }
        }
    }
}

private func recount(_ workspaces: [Workspace]) -> Set<Tally> {
    struct Group: Hashable {
        let preset: PresetKey
        let fingerprint: Fingerprint
        let state: WorkspaceState
    }
    let groups = Dictionary(grouping: workspaces) {
        Group(preset: $0.preset, fingerprint: $0.fingerprint, state: $0.state)
    }
    return Set(
        groups.map { group, members in
            Tally(
                preset: group.preset, fingerprint: group.fingerprint, state: group.state, count: members.count,
                oldestReadyAt: members.compactMap(\.readyAt).min())
        })
}
