/// The lease of a preset's claims, as `lease` in the manifest defines it. It is no part of the fingerprint.
package struct LeasePolicy: Hashable, Sendable {
    /// The end of a lease without a renewal.
    package enum OnExpiry: String, CaseIterable, Sendable {
        /// prewarm deletes the workspace.
        case delete = "Delete"
        /// prewarm only reports the end. The workspace stays claimed.
        case report = "Report"
    }

    /// The time from the last sign of life to the end of the lease.
    package let ttl: Duration
    /// The longest time from the claim to the end of the lease; nil if renewals may extend it without end.
    package let max: Duration?
    /// The time before the end at which prewarm reports it (default: a tenth of ``ttl``). It is shorter than ``ttl``.
    package let warn: Duration
    /// The time after the end in which a renewal still saves the workspace (default: none).
    package let grace: Duration
    package let onExpiry: OnExpiry

    package init(
        ttl: Duration, max: Duration? = nil, warn: Duration? = nil, grace: Duration = .zero,
        onExpiry: OnExpiry = .delete
    ) {
        self.ttl = ttl
        self.max = max
        self.warn = warn ?? Self.standardWarn(of: ttl)
        self.grace = grace
        self.onExpiry = onExpiry
    }

    /// Returns a tenth of a lease in whole seconds, for example 48 min of 8 h.
    package static func standardWarn(of ttl: Duration) -> Duration { .seconds(ttl.components.seconds / 10) }
}

extension LeasePolicy: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(ttl.components.seconds)
        writer.write(max?.components.seconds)
        writer.write(warn.components.seconds)
        writer.write(grace.components.seconds)
        writer.write(onExpiry.rawValue)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        ttl = .seconds(try reader.read(Int64.self))
        max = try reader.read(Int64?.self).map { .seconds($0) }
        warn = .seconds(try reader.read(Int64.self))
        grace = .seconds(try reader.read(Int64.self))
        guard let onExpiry = OnExpiry(rawValue: try reader.read()) else { throw BinaryCodingError() }
        self.onExpiry = onExpiry
    }
}
