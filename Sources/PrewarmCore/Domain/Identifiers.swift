/// What a preset is known by: a name is unique within its source.
package struct PresetKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let source: String
    package let name: String

    package init(source: String, name: String) {
        self.source = source
        self.name = name
    }

    package static func < (left: PresetKey, right: PresetKey) -> Bool {
        left.name != right.name ? left.name < right.name : left.source < right.source
    }

    /// `source/name`, the form in which the command line accepts it too.
    package var description: String { "\(source)/\(name)" }
}

/// The identity of one workspace for ever, and the idempotency key towards its provisioner.
package struct WorkspaceID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    package static func < (left: WorkspaceID, right: WorkspaceID) -> Bool {
        left.rawValue < right.rawValue
    }

    package var description: String { rawValue }
}

/// The identity of one operation; it stays the same over all attempts.
package struct OperationID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// Of the operation that makes a workspace, of which there is one: it has the id of the workspace.
    package init(making workspace: WorkspaceID) {
        self.init(workspace.rawValue)
    }

    package static func < (left: OperationID, right: OperationID) -> Bool {
        left.rawValue < right.rawValue
    }

    package var description: String { rawValue }
}

/// Makes identifiers in the form of ULIDs (https://github.com/ulid/spec) in lower case: 48 bits of time, 80 random.
///
/// Identifiers of one factory ascend, so that a batch of inserts appends to its indexes.
package struct IdentifierFactory {
    private var time: UInt64
    private var high: UInt64
    private var low: UInt64

    package init(now: Timestamp, using generator: inout some RandomNumberGenerator) {
        time = UInt64(clamping: now.milliseconds) & 0xffff_ffff_ffff
        // One bit is kept free, so that counting up can't overflow into the time.
        high = generator.next() & 0x7fff
        low = generator.next()
    }

    package mutating func next() -> String {
        let (sum, overflow) = low.addingReportingOverflow(1)
        low = sum
        if overflow { high += 1 }
        var bits = (high: time << 16 | high, low: low)
        return String(unsafeUninitializedCapacity: 26) { digits in
            for index in stride(from: 25, through: 0, by: -1) {
                digits[index] = Self.alphabet[Int(bits.low & 31)]
                bits = (bits.high >> 5, bits.low >> 5 | (bits.high & 31) << 59)
            }
            return 26
        }
    }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}
