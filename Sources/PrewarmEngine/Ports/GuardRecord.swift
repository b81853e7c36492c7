package import PrewarmCore

/// The memory of the deletion guard about a source between two reconciliations.
package struct GuardRecord: Hashable, Sendable {
    /// Deletions that revisions caused without an approval.
    package struct Removal: Hashable, Sendable {
        package let at: Timestamp
        package let count: Int

        package init(at: Timestamp, count: Int) {
            self.at = at
            self.count = count
        }
    }

    /// A preset that a revision added or made larger.
    package struct Addition: Hashable, Sendable {
        package let name: String
        /// The number of workspaces that it had before; 0 for a new preset.
        package let earlier: Int
        package let at: Timestamp

        package init(name: String, earlier: Int, at: Timestamp) {
            self.name = name
            self.earlier = earlier
            self.at = at
        }
    }

    /// A preset for which a revision desires fewer workspaces at some time. The record is kept until the pool has reached
    /// each lower number.
    package struct Lowering: Hashable, Sendable {
        package let name: String
        /// The demands before the revision. The highest number counts.
        package private(set) var earlier: [Demand]
        /// The lower numbers that the pool has reached at times when an earlier demand was higher. If the pool goes down to
        /// such a number again, the schedule causes it, not the revision.
        package var reached: [Int] = []
        /// The time at which the demand was last lowered.
        package var at: Timestamp

        /// The largest number of demands in ``earlier``. The highest ones are kept.
        private static let mostEarlier = 8

        package init(name: String, earlier: [Demand], at: Timestamp) {
            self.name = name
            self.earlier = earlier
            self.at = at
        }

        /// Adds a demand that the preset had before. Of several demands with the same schedule, the highest is kept.
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

    /// An approval of the deletions that were held at that time. Later deletions need another approval, and so do the
    /// deletions of a preset that changes.
    package struct Approval: Hashable, Sendable {
        package var workspaces: Set<WorkspaceID>
        /// The names of the presets of these workspaces.
        package var presets: Set<String>

        package init(workspaces: Set<WorkspaceID>, presets: Set<String>) {
            self.workspaces = workspaces
            self.presets = presets
        }
    }

    package var lowerings: [Lowering] = []
    package var removals: [Removal] = []
    /// The presets that revisions added or made larger. The presets of a source's first revision are not among them. Of
    /// several additions of one preset, the first counts.
    package var additions: [Addition] = []
    package var approval: Approval?
    /// The names of the held presets (``GuardState/held``), under the policy ``heldUnder``.
    package var held: Set<String> = []
    /// The text of the guard's policy when the hold began. Under another policy, the guard judges anew.
    package var heldUnder = ""
    /// The number of workspaces when the hold began (``GuardState/heldAmong``).
    package var heldAmong: Int?
    /// True if the stored record could not be read. Until no deletion is held, the guard then counts all deletions for a
    /// lower number as caused by a revision.
    package var isLost = false

    package init() {}

    /// The record that replaces one that cannot be read.
    package static var lost: GuardRecord {
        var record = GuardRecord()
        record.isLost = true
        return record
    }

    /// Returns the input of the planner from this record.
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

/// A pin, which holds a source at a commit, for example while a bad commit is fixed in git.
package struct Pin: Hashable, Sendable {
    package let source: String
    /// The 40 digits of the commit.
    package let commit: String
    package let reason: String?
    /// The user who set the pin.
    package let by: String
    package let since: Timestamp
    /// The end of the pin; nil if only `prewarm unpin` ends it.
    package let until: Timestamp?

    package init(source: String, commit: String, reason: String?, by: String, since: Timestamp, until: Timestamp?) {
        self.source = source
        self.commit = commit
        self.reason = reason
        self.by = by
        self.since = since
        self.until = until
    }

    /// Returns true if the pin has not ended.
    package func isInForce(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }

    /// The text `by ada until 2026-11-24T10:00:00Z: a bad merge`.
    package var sentence: String {
        "by \(by)" + (until.map { " until \($0.inSentence)" } ?? "") + (reason.map { ": \($0)" } ?? "")
    }
}

/// An orphan: a workspace that a provisioner lists and the store does not know.
package struct Orphan: Hashable, Sendable {
    package let provisioner: String
    package let id: WorkspaceID
    /// The state in the provisioner's own words; nil if the list has none.
    package let state: String?
    /// The time of the first list that had it.
    package let since: Timestamp
    /// The identity of the store that made it; nil if the list has none.
    package let store: String?

    package init(provisioner: String, id: WorkspaceID, state: String?, since: Timestamp, store: String? = nil) {
        self.provisioner = provisioner
        self.id = id
        self.state = state
        self.since = since
        self.store = store
    }
}

/// The reason why a provisioner cannot list its workspaces. Until it can, prewarm does not detect lost workspaces there.
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
