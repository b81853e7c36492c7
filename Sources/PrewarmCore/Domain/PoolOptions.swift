/// What a preset's manifest may say of how its pool is handled, beyond size and strategy.
package struct PoolOptions: Hashable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        /// Plans are carried out.
        case reconcile
        /// Plans are made and shown, never carried out.
        case observe
    }

    package enum OnEmpty: String, CaseIterable, Sendable {
        /// A claim on an empty pool is refused.
        case refuse
        /// A claim on an empty pool makes a workspace for that user.
        case create
    }

    /// What becomes of the unclaimed instances of a preset that is deprecated, inactive or gone from git.
    package enum DeletionPolicy: String, CaseIterable, Sendable {
        case delete = "Delete"
        /// They wait for an approval.
        case confirm = "Confirm"
        /// They are never deleted.
        case retain = "Retain"
    }

    /// How many instances of a new fingerprint a rollout makes at once until the first of them is ready; 0: no limit.
    package var canary = 1
    package var mode = Mode.reconcile
    package var onEmpty = OnEmpty.refuse
    package var deletionPolicy = DeletionPolicy.delete
    /// How many failed instances, the last ones, stay for inspection.
    package var keepFailed = 0
    /// Presets of a higher one are filled first where a limit bites.
    package var priority = 0

    package init() {}
}

extension PoolOptions: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(canary)
        writer.write(mode.rawValue)
        writer.write(onEmpty.rawValue)
        writer.write(deletionPolicy.rawValue)
        writer.write(keepFailed)
        writer.write(priority)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        canary = try reader.read()
        guard let mode = Mode(rawValue: try reader.read()), let onEmpty = OnEmpty(rawValue: try reader.read()),
            let deletionPolicy = DeletionPolicy(rawValue: try reader.read())
        else { throw BinaryCodingError() }
        self.mode = mode
        self.onEmpty = onEmpty
        self.deletionPolicy = deletionPolicy
        keepFailed = try reader.read()
        priority = try reader.read()
    }
}
