package import PrewarmCore

/// What the deletion guard remembers of a source between turns.
package struct GuardRecord: Hashable, Sendable {
    /// Deletions that revisions caused and nobody approved.
    package struct Removal: Hashable, Sendable {
        package let at: Timestamp
        package let count: Int

        package init(at: Timestamp, count: Int) {
            self.at = at
            self.count = count
        }
    }

    /// A preset that a revision brought, or made larger.
    package struct Addition: Hashable, Sendable {
        package let name: String
        /// So many it had before.
        package let earlier: Int
        package let at: Timestamp

        package init(name: String, earlier: Int, at: Timestamp) {
            self.name = name
            self.earlier = earlier
            self.at = at
        }
    }

    /// A preset of which a revision asks for fewer at some time, until it has been down to each lower number.
    package struct Lowering: Hashable, Sendable {
        package let name: String
        /// What it asked for before; the highest counts.
        package private(set) var earlier: [Demand]
        /// Numbers that it has been down to, when it would have had more before, with nothing waiting: to go there again is
        /// the schedule's doing.
        package var reached: [Int] = []
        /// When it was last lowered.
        package var at: Timestamp

        /// So many of ``earlier`` are remembered, the highest.
        private static let mostEarlier = 8

        package init(name: String, earlier: [Demand], at: Timestamp) {
            self.name = name
            self.earlier = earlier
            self.at = at
        }

        /// Another demand that the preset had, and has no more. Of one schedule the highest number says it all.
        mutating func add(_ demand: Demand) {
            guard !earlier.contains(where: { $0.schedule == demand.schedule && $0.instances >= demand.instances })
            else { return }
            earlier.removeAll { $0.schedule == demand.schedule }
            earlier.append(demand)
            guard earlier.count > Self.mostEarlier else { return }
            if let lowest = earlier.indices.min(by: { earlier[$0].most < earlier[$1].most }) {
                earlier.remove(at: lowest)
            }
        }
    }

    /// Somebody's leave for what was held then. What came since needs another, and so does what a preset of it takes
    /// when it changes.
    package struct Approval: Hashable, Sendable {
        package var workspaces: Set<WorkspaceID>
        /// Their names.
        package var presets: Set<String>

        package init(workspaces: Set<WorkspaceID>, presets: Set<String>) {
            self.workspaces = workspaces
            self.presets = presets
        }
    }

    package var lowerings: [Lowering] = []
    package var removals: [Removal] = []
    /// Those of a source's first revision are none: there is nothing that they are more than. Of a preset the first counts.
    package var additions: [Addition] = []
    package var approval: Approval?
    /// As ``GuardState/held``, by the policy of ``heldUnder``.
    package var held: Set<String> = []
    /// The policy of the guard that holds them: another one judges anew.
    package var heldUnder = ""
    /// As ``GuardState/heldAmong``.
    package var heldAmong: Int?
    /// What there was can't be read: until nothing waits any more, all that is taken away counts as a revision's doing.
    package var isLost = false

    package init() {}

    /// In place of one that can't be read.
    package static var lost: GuardRecord {
        var record = GuardRecord()
        record.isLost = true
        return record
    }

    /// What the planner needs of it.
    func state(of presets: [Preset], planner: Planner) -> GuardState {
        let (now, policy) = (planner.now, planner.policy.deletionGuard)
        var state = GuardState()
        if !lowerings.isEmpty {
            let lowerings = Dictionary(lowerings.map { ($0.name, $0) }) { first, _ in first }
            for preset in presets {
                if let count = lowerings[preset.key.name]?.count(preset, planner), count > 0 {
                    state.lowered[preset.key.name] = count
                }
            }
        }
        state.isUnknown = isLost
        state.heldAmong = heldAmong
        if heldUnder == policy.description { state.held = held }
        state.recentlyRemoved = removals.reduce(0) { $0 + ($1.at + policy.window > now ? $1.count : 0) }
        state.added = Dictionary(
            additions.lazy.filter { $0.at + policy.window > now }.map { ($0.name, $0.earlier) }
        ) { first, _ in first }
        if let approval { state.approved = approval.workspaces }
        return state
    }
}

extension GuardRecord: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(Self.format)
        writer.write(lowerings)
        writer.write(removals)
        writer.write(approval)
        writer.write(held.sorted())
        writer.write(heldUnder)
        writer.write(heldAmong)
        writer.write(additions)
        writer.write(isLost)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard try reader.read(UInt64.self) == Self.format else { throw BinaryCodingError() }
        lowerings = try reader.read()
        removals = try reader.read()
        approval = try reader.read()
        held = Set(try reader.read([String].self))
        heldUnder = try reader.read()
        heldAmong = try reader.read()
        additions = try reader.read()
        isLost = try reader.read()
    }

    private static let format: UInt64 = 2
}

extension GuardRecord.Removal: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(at.milliseconds)
        writer.write(count)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        at = Timestamp(milliseconds: try reader.read())
        count = try reader.read()
    }
}

extension GuardRecord.Addition: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(name)
        writer.write(earlier)
        writer.write(at.milliseconds)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        name = try reader.read()
        earlier = try reader.read()
        at = Timestamp(milliseconds: try reader.read())
    }
}

extension GuardRecord.Lowering: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(name)
        writer.write(earlier)
        writer.write(reached)
        writer.write(at.milliseconds)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        name = try reader.read()
        earlier = try reader.read()
        reached = try reader.read()
        at = Timestamp(milliseconds: try reader.read())
    }
}

extension GuardRecord.Approval: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(workspaces.map(\.rawValue).sorted())
        writer.write(presets.sorted())
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        workspaces = Set(try reader.read([String].self).map { WorkspaceID($0) })
        presets = Set(try reader.read([String].self))
    }
}

/// Somebody's order to hold a source at a revision while git is being mended.
package struct Pin: Hashable, Sendable {
    package let source: String
    /// A commit's 40 digits.
    package let commit: String
    package let reason: String?
    package let by: String
    package let since: Timestamp
    /// Nil: until it is taken off.
    package let until: Timestamp?

    package init(source: String, commit: String, reason: String?, by: String, since: Timestamp, until: Timestamp?) {
        self.source = source
        self.commit = commit
        self.reason = reason
        self.by = by
        self.since = since
        self.until = until
    }

    package func isInForce(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }

    /// `by ada until 2026-11-24T10:00:00Z: a bad merge`
    package var sentence: String {
        "by \(by)" + (until.map { " until \($0)" } ?? "") + (reason.map { ": \($0)" } ?? "")
    }
}

/// A workspace that a provisioner lists and the store doesn't know.
package struct Orphan: Hashable, Sendable {
    package let provisioner: String
    package let id: WorkspaceID
    /// In the provisioner's own words.
    package let state: String?
    package let since: Timestamp
    /// The identity of the store that made it; nil if the provisioner does not say.
    package let store: String?

    package init(provisioner: String, id: WorkspaceID, state: String?, since: Timestamp, store: String? = nil) {
        self.provisioner = provisioner
        self.id = id
        self.state = state
        self.since = since
        self.store = store
    }
}

/// Why nobody knows what a provisioner has: what is lost there is not found.
package struct ListFailure: Hashable, Sendable {
    package let provisioner: String
    package let message: String
    package let since: Timestamp

    package init(provisioner: String, message: String, since: Timestamp) {
        self.provisioner = provisioner
        self.message = message
        self.since = since
    }
}
