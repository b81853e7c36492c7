/// How prewarm checks the ready workspaces of a template: the field `health` of its manifest.
///
/// Example: with `interval: 10s` and `failures: 2`, a workspace that stops is not claimable from the next list on, at most
/// about 10 s later, and is replaced after the list behind that.
package struct Health: Hashable, Sendable {
    /// The time between two lists of the provisioner, or between two inspects of a workspace if it cannot list.
    package let interval: Duration
    /// The number of checks in a row after which a workspace is unhealthy.
    package let failures: Int
    /// The age of the last check up to which a workspace is preferred by claims.
    package let freshness: Duration

    package static let standard = Health()

    package init(interval: Duration = .seconds(60), failures: Int = 2, freshness: Duration = .seconds(300)) {
        self.interval = interval
        self.failures = failures
        self.freshness = freshness
    }
}

extension Health: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(interval.components.seconds)
        writer.write(failures)
        writer.write(freshness.components.seconds)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        interval = .seconds(try reader.read(Int64.self))
        failures = try reader.read()
        freshness = .seconds(try reader.read(Int64.self))
    }
}

/// The `readyTimeout` and the health checks of a template or preset, in their binary form.
struct StoredReadiness: BinaryCodable {
    let readyTimeout: Duration?
    let health: Health?
    /// Stands before values with health checks. Without them, the form is that of earlier versions, an optional time.
    private static let mark: UInt64 = 2

    init(readyTimeout: Duration?, health: Health?) {
        self.readyTimeout = readyTimeout
        self.health = health
    }

    func encode(into writer: inout BinaryWriter) {
        if health != nil { writer.write(Self.mark) }
        writer.write(readyTimeout?.components.seconds)
        if let health { writer.write(health) }
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        try self.init(first: reader.read(UInt64.self), from: &reader)
    }

    /// - Parameter first: the number that was read already.
    init(first: UInt64, from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard first <= Self.mark else { throw BinaryCodingError() }
        if first == Self.mark {
            readyTimeout = try reader.read(Int64?.self).map { .seconds($0) }
            health = try reader.read(Health.self)
        } else {
            readyTimeout = first == 1 ? .seconds(try reader.read(Int64.self)) : nil
            health = nil
        }
    }
}
