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
        /// What it asked for before, oldest first; the highest counts.
        package var earlier: [Demand]
        /// Numbers that it has been down to with nothing waiting: to go there again is the schedule's doing.
        package var reached: [Int] = []

        /// So many of ``earlier`` are remembered, the oldest.
        package static let mostEarlier = 8

        package init(name: String, earlier: [Demand]) {
            self.name = name
            self.earlier = earlier
        }
    }

    /// Somebody's leave for what was held then. A set that grew since needs another.
    package struct Approval: Hashable, Sendable {
        package let revision: String
        package let workspaces: [WorkspaceID]
        package let by: String
        package let at: Timestamp

        package init(revision: String, workspaces: [WorkspaceID], by: String, at: Timestamp) {
            self.revision = revision
            self.workspaces = workspaces
            self.by = by
            self.at = at
        }
    }

    package var lowerings: [Lowering] = []
    package var removals: [Removal] = []
    /// Those of a source's first revision are none: there is nothing that they are more than. Of a preset the first counts.
    package var additions: [Addition] = []
    package var approval: Approval?
    /// The revision of which the guard holds something.
    package var heldRevision: String?
    /// As ``GuardState/heldAmong``.
    package var heldAmong: Int?

    package init() {}

    /// What the planner needs of it.
    func state(
        of presets: [Preset], planner: Planner, window: Duration, revision: Revision?
    ) -> GuardState {
        let now = planner.now
        var state = GuardState()
        if !lowerings.isEmpty {
            let earlier = Dictionary(lowerings.map { ($0.name, $0) }) { first, _ in first }
            for preset in presets where earlier[preset.key.name]?.lowers(preset, planner) == true {
                state.lowered.insert(preset.key.name)
            }
        }
        state.heldAmong = heldAmong
        state.isHeld = heldRevision != nil && heldRevision == revision?.description
        state.recentlyRemoved = removals.reduce(0) { $0 + ($1.at + window > now ? $1.count : 0) }
        state.added = Dictionary(
            additions.lazy.filter { $0.at + window > now }.map { ($0.name, $0.earlier) }
        ) { first, _ in first }
        if let approval, approval.revision == revision?.description { state.approved = Set(approval.workspaces) }
        return state
    }
}

extension GuardRecord: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(lowerings)
        writer.write(removals)
        writer.write(approval)
        writer.write(heldRevision)
        writer.write(heldAmong)
        writer.write(additions)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        lowerings = try reader.read()
        removals = try reader.read()
        approval = try reader.read()
        heldRevision = try reader.read()
        heldAmong = try reader.read()
        additions = try reader.read()
    }
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
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        name = try reader.read()
        earlier = try reader.read()
        reached = try reader.read()
    }
}

extension GuardRecord.Approval: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(revision)
        writer.write(workspaces.map(\.rawValue))
        writer.write(by)
        writer.write(at.milliseconds)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        revision = try reader.read()
        workspaces = try reader.read([String].self).map { WorkspaceID($0) }
        by = try reader.read()
        at = Timestamp(milliseconds: try reader.read())
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

    package init(provisioner: String, id: WorkspaceID, state: String?, since: Timestamp) {
        self.provisioner = provisioner
        self.id = id
        self.state = state
        self.since = since
    }
}
