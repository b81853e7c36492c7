/// The options of a preset that control how its pool is reconciled, besides its size and strategy.
package struct PoolOptions: Hashable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        /// Plans are carried out.
        case reconcile
        /// Plans are made and shown, but not carried out.
        case observe
    }

    package enum OnEmpty: String, CaseIterable, Sendable {
        /// A claim on an empty pool is refused.
        case refuse
        /// A claim on an empty pool creates a workspace for the claimer.
        case create
    }

    /// The handling of the unclaimed workspaces of a preset that is deprecated, inactive or removed from git.
    package enum DeletionPolicy: String, CaseIterable, Sendable {
        /// The workspaces are deleted, as far as the deletion guard allows it.
        case delete = "Delete"
        /// The deletions wait for an approval.
        case confirm = "Confirm"
        /// The workspaces are never deleted.
        case retain = "Retain"
    }

    /// The number of workspaces of a new fingerprint that a rollout creates before one of them is ready; 0 for no limit
    /// (default: 1).
    package var canary = 1
    package var mode = Mode.reconcile
    package var onEmpty = OnEmpty.refuse
    package var deletionPolicy = DeletionPolicy.delete
    /// The number of failed workspaces that stay for inspection, the latest ones (default: 0).
    package var keepFailed = 0
    /// The priority of the pool. If a limit is reached, pools of a higher priority are filled first (default: 0).
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
