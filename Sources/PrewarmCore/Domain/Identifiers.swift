/// The identity of a preset: its source and its name, which is unique within the source. Keys are ordered by name, then
/// by source.
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

    /// The form `source/name`, which the command line also accepts.
    package var description: String { "\(source)/\(name)" }
}

/// The identity of one workspace. It never changes, and provisioners use it as the idempotency key.
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

/// The identity of one operation. It stays the same over all attempts.
package struct OperationID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// Returns the id of the operation that creates a workspace. There is one such operation, so it has the
    /// workspace's id.
    package init(making workspace: WorkspaceID) {
        self.init(workspace.rawValue)
    }

    package static func < (left: OperationID, right: OperationID) -> Bool {
        left.rawValue < right.rawValue
    }

    package var description: String { rawValue }
}

/// A factory of identifiers in the form of ULIDs (https://github.com/ulid/spec), in lower case: 48 bits of time and 80
/// random bits.
///
/// The identifiers of one factory ascend, so that a batch of inserts appends to the indexes of the store.
package struct IdentifierFactory {
    private var time: UInt64
    private var high: UInt64
    private var low: UInt64

    package init(now: Timestamp, using generator: inout some RandomNumberGenerator) {
        time = UInt64(clamping: now.milliseconds) & 0xffff_ffff_ffff
        // The highest random bit is 0, so that counting up cannot overflow into the time.
        high = generator.next() & 0x7fff
        low = generator.next()
    }

    /// Returns the next identifier, which is larger than all before it.
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

    /// Returns the smallest identifier that can be made at a time. All later ones are larger, and all earlier ones smaller.
    package static func first(at time: Timestamp) -> String {
        var generator = Zeros()
        var factory = IdentifierFactory(now: time, using: &generator)
        return factory.next()
    }

    private struct Zeros: RandomNumberGenerator {
        func next() -> UInt64 { 0 }
    }

    /// The digits of Crockford's base 32, in lower case.
    package static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}
