/// The memory of the deletion guard about a source between two reconciliations.
package struct GuardRecord: Hashable, Sendable {
    /// A change that waits: the stored preset stays as it was accepted.
    package struct Held: Hashable, Sendable {
        /// The definition of the applied revision.
        package let proposal: Preset
        /// The number of workspaces that the change takes away, at the worst moment.
        package let loss: Int
        /// The reason that the deletions would have.
        package let reason: Reason
        /// The reason of the hold, with the numbers from when it began.
        package let hold: Hold
    }

    /// Workspaces that an admitted change took away without an approval.
    package struct Loss: Hashable, Sendable {
        package let preset: String
        package var count: Int
        /// The time at which the change was admitted.
        package var admittedAt: Timestamp
        /// The time at which the workspaces go: a schedule may lower the number later. It is nil while a freeze or a
        /// suspension keeps the deletions from being carried out. The loss counts for the guard's window after it.
        package var at: Timestamp?

        package init(preset: String, count: Int, admittedAt: Timestamp, at: Timestamp?) {
            self.preset = preset
            self.count = count
            self.admittedAt = admittedAt
            self.at = at
        }

        /// True if the workspaces have not gone yet.
        package func isPending(at now: Timestamp) -> Bool { at.map { $0 > now } ?? true }

        /// True if the schedule has lowered the number since the change was admitted, and the loss still counts.
        package func isDue(at now: Timestamp, _ window: Duration) -> Bool {
            at.map { admittedAt < $0 && $0 <= now && now < $0 + window } ?? false
        }
    }

    /// A preset that a revision added or made larger. The presets of a source's first revision are not among them.
    package struct Gain: Hashable, Sendable {
        package let preset: String
        /// The largest number that it asked for before; 0 for a new preset.
        package let earlier: Int
        package var at: Timestamp

        package init(preset: String, earlier: Int, at: Timestamp) {
            self.preset = preset
            self.earlier = earlier
            self.at = at
        }
    }

    /// The changes that wait, by preset name.
    package var held: [String: Held] = [:]
    /// The text of the guard's policy when the hold began. Under another policy, all changes are judged again.
    package var heldUnder = ""
    /// The base of the verdict when the hold began. While changes are held, the base is never larger than this, so
    /// that workspaces that are added later do not lower the share that is taken away.
    package var heldAmong: Int?
    /// The digest of each approved change (``GuardedChange/digest``), by preset name.
    package var approvals: [String: String] = [:]
    package var losses: [Loss] = []
    package var gains: [Gain] = []
    /// The accepted definitions of presets that `mode: observe` covers. Their changes are shown and not carried out,
    /// so they are judged when the mode ends.
    package var unjudged: [String: Preset] = [:]
    /// True if the stored record could not be read. Until nothing is held, any loss is then held.
    package var isLost = false

    package init() {}

    /// The record that replaces one that cannot be read.
    package static var lost: GuardRecord {
        var record = GuardRecord()
        record.isLost = true
        return record
    }

    /// Returns the presets as the applied revision defines them: the held definitions in the place of the stored ones.
    package func written(_ presets: [Preset]) -> [Preset] {
        held.isEmpty ? presets : presets.map { held[$0.key.name]?.proposal ?? $0 }
    }

    /// The held deletions, in the order of the presets: as many for each preset as its change takes away.
    package var heldActions: [HeldAction] {
        held.sorted { $0.key < $1.key }.flatMap { _, held in
            let action = Action(.delete, preset: held.proposal.key, reason: held.reason)
            return Array(repeating: HeldAction(action, hold: held.hold), count: held.loss)
        }
    }

    /// True if changes are approved that wait.
    package var hasApproval: Bool { approvals.keys.contains { held[$0] != nil } }
}

extension GuardRecord: BinaryCodable {
    /// The formats 1 and 2 were those of another guard. On upgrade, what is applied counts as accepted.
    private static let format: UInt64 = 3

    package func encode(into writer: inout BinaryWriter) {
        writer.write(Self.format)
        writer.write(held)
        writer.write(heldUnder)
        writer.write(heldAmong)
        writer.write(approvals)
        writer.write(losses)
        writer.write(gains)
        writer.write(unjudged)
        writer.write(isLost)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard try reader.read(UInt64.self) == Self.format else { throw BinaryCodingError() }
        held = try reader.read()
        heldUnder = try reader.read()
        heldAmong = try reader.read()
        approvals = try reader.read()
        losses = try reader.read()
        gains = try reader.read()
        unjudged = try reader.read()
        isLost = try reader.read()
    }

    /// Returns the stored record. A record of an earlier format counts as an empty one.
    package init(stored bytes: [UInt8]) {
        if let first = bytes.first, first > 0, UInt64(first) < Self.format {
            self.init()
        } else {
            self = (try? GuardRecord(binary: bytes)) ?? .lost
        }
    }
}

extension GuardRecord.Held: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(proposal)
        writer.write(loss)
        writer.write(reason.rawValue)
        switch hold {
        case .deletionGuard(let removed, let gone, let all): writer.write([removed, gone, all])
        case .pathEmptied(let removed, let gone): writer.write([removed, gone])
        default: writer.write([Int]())
        }
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        proposal = try reader.read()
        loss = try reader.read()
        guard let reason = Reason(rawValue: try reader.read()) else { throw BinaryCodingError() }
        self.reason = reason
        let numbers = try reader.read([Int].self)
        switch numbers.count {
        case 0: hold = .confirm
        case 2: hold = .pathEmptied(removed: numbers[0], gone: numbers[1])
        case 3: hold = .deletionGuard(removed: numbers[0], gone: numbers[1], of: numbers[2])
        default: throw BinaryCodingError()
        }
    }
}

extension GuardRecord.Loss: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(preset)
        writer.write(count)
        writer.write(admittedAt.milliseconds)
        writer.write(at?.milliseconds)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        preset = try reader.read()
        count = try reader.read()
        admittedAt = Timestamp(milliseconds: try reader.read())
        at = try reader.read(Int64?.self).map { Timestamp(milliseconds: $0) }
    }
}

extension GuardRecord.Gain: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(preset)
        writer.write(earlier)
        writer.write(at.milliseconds)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        preset = try reader.read()
        earlier = try reader.read()
        at = Timestamp(milliseconds: try reader.read())
    }
}
