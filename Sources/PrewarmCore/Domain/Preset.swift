/// The definition of a pool. Its references are resolved, its defaults are filled in, and all rules are checked.
package struct Preset: Hashable, Sendable {
    /// The reason why a pool is scaled to zero and refuses claims, whatever its manifest asks for (rules 5 and 6 of
    /// ``Planner``).
    package enum Retirement: Hashable, Sendable {
        case deprecated(Deprecation)
        case templateDeprecated(Deprecation)
        /// The preset has another version than the template's active one.
        case inactive(activeVersion: String)
        /// The manifest was removed from git.
        case pruned
    }

    /// The part that copies of the preset share. Each reconciliation copies many presets.
    private let written: Written
    package var retirement: Retirement?
    /// True while the retirement waits for an approval of the deletion guard: claims and creates are refused, and no
    /// workspace is deleted.
    package var isRetirementHeld = false
    package private(set) var isSuspended: Bool
    package private(set) var options: PoolOptions

    package var key: PresetKey { written.key }
    package var labels: [String: String] { written.labels }
    package var annotations: [String: String] { written.annotations }
    package var origin: Origin { written.origin }
    package var spec: WorkspaceSpec { written.spec }
    /// The fingerprint of ``spec``, kept because each reconciliation compares it.
    package var fingerprint: Fingerprint { written.fingerprint }
    /// The desired number of workspaces outside the windows of the schedule.
    package var instances: Int { written.instances }
    /// The time from ready to expired for an unclaimed workspace; nil if workspaces do not expire.
    package var ttl: Duration? { written.ttl }
    package var schedule: Schedule? { written.schedule }
    package var strategy: RolloutStrategy { written.strategy }
    /// The number of failed builds in a row after which the preset is stalled.
    package var failureLimit: Int { written.failureLimit }
    /// The time that a workspace may take from the answer to its create until it is ready. If it takes longer, it has
    /// failed. It is nil if there is no limit.
    package var readyTimeout: Duration? { written.readyTimeout }
    /// The health checks of ready workspaces; nil if they are only compared with the provisioner's list.
    package var health: Health? { written.health }
    /// The lease of the preset's claims; nil if they do not end by themselves.
    package var lease: LeasePolicy? { written.lease }

    package init(
        key: PresetKey, labels: [String: String] = [:], annotations: [String: String] = [:], origin: Origin,
        spec: WorkspaceSpec, instances: Int, ttl: Duration? = nil, schedule: Schedule? = nil,
        strategy: RolloutStrategy = .standard, failureLimit: Int = Preset.standardFailureLimit,
        retirement: Retirement? = nil, isSuspended: Bool = false,
        options: PoolOptions = PoolOptions(), readyTimeout: Duration? = nil, health: Health? = nil,
        lease: LeasePolicy? = nil
    ) {
        written = Written(
            key: key, labels: labels, annotations: annotations, origin: origin, spec: spec,
            fingerprint: spec.fingerprint, instances: instances, ttl: ttl, schedule: schedule, strategy: strategy,
            failureLimit: failureLimit, readyTimeout: readyTimeout, health: health,
            lease: lease)
        self.retirement = retirement
        self.isSuspended = isSuspended
        self.options = options
    }

    package static let standardFailureLimit = 3

    /// True if outdated workspaces are claimable until they are replaced. ``RolloutStrategy/recreate`` deletes them
    /// first, so they are not claimable, even while their deletion is held. A pool that is suspended or observed is
    /// not changed, so its outdated workspaces are claimable.
    package var offersOutdated: Bool { strategy != .recreate || isSuspended || options.mode == .observe }

    /// True if expired workspaces are claimable when no other one is ready: if the strategy keeps a floor.
    package var offersExpired: Bool {
        let most = Demand(of: self).most
        return strategy.floor(desired: most) > 0
    }

    /// The name of the replacement of a deprecated preset; nil if it has none.
    package var replacement: String? {
        guard case .deprecated(let deprecation) = retirement else { return nil }
        return deprecation.replacement
    }

    /// The name of the preset of the same source that claims get workspaces of instead; nil if claims are not redirected.
    package var redirect: String? {
        guard case .deprecated(let deprecation) = retirement, deprecation.redirects else { return nil }
        return deprecation.replacement
    }

    /// The preset without `suspended: true`.
    package var resumed: Preset {
        var preset = self
        preset.isSuspended = false
        return preset
    }

    /// The preset after its manifest was removed from git. The manifest's `suspended` and `mode` no longer apply.
    package var pruned: Preset {
        var preset = self
        preset.retirement = .pruned
        preset.isRetirementHeld = false
        preset.isSuspended = false
        preset.options.mode = .reconcile
        return preset
    }
}

extension Preset {
    private final class Written: Hashable, Sendable {
        let key: PresetKey
        let labels: [String: String]
        let annotations: [String: String]
        let origin: Origin
        let spec: WorkspaceSpec
        let fingerprint: Fingerprint
        let instances: Int
        let ttl: Duration?
        let schedule: Schedule?
        let strategy: RolloutStrategy
        let failureLimit: Int
        let readyTimeout: Duration?
        let health: Health?
        let lease: LeasePolicy?

        init(
            key: PresetKey, labels: [String: String], annotations: [String: String], origin: Origin,
            spec: WorkspaceSpec, fingerprint: Fingerprint, instances: Int, ttl: Duration?, schedule: Schedule?,
            strategy: RolloutStrategy, failureLimit: Int, readyTimeout: Duration?, health: Health?,
            lease: LeasePolicy?
        ) {
            self.health = health
            self.lease = lease
            self.key = key
            self.labels = labels
            self.annotations = annotations
            self.origin = origin
            self.spec = spec
            self.fingerprint = fingerprint
            self.instances = instances
            self.ttl = ttl
            self.schedule = schedule
            self.strategy = strategy
            self.failureLimit = failureLimit
            self.readyTimeout = readyTimeout
        }

        static func == (left: Written, right: Written) -> Bool {
            left === right
                || left.key == right.key && left.fingerprint == right.fingerprint && left.spec == right.spec
                    && left.instances == right.instances && left.origin == right.origin && left.labels == right.labels
                    && left.annotations == right.annotations && left.ttl == right.ttl
                    && left.schedule == right.schedule && left.strategy == right.strategy
                    && left.failureLimit == right.failureLimit && left.readyTimeout == right.readyTimeout
                    && left.health == right.health
                    && left.lease == right.lease
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(key)
            hasher.combine(fingerprint)
        }
    }
}

extension Preset: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(key.source)
        writer.write(key.name)
        writer.write(labels)
        writer.write(annotations)
        writer.write(origin)
        writer.write(spec)
        writer.write(fingerprint.rawValue)
        writer.write(instances)
        writer.write(ttl?.components.seconds)
        writer.write(schedule)
        writer.write(strategy)
        writer.write(failureLimit)
        writer.write(retirement.map { StoredRetirement(retirement: $0, isHeld: isRetirementHeld) })
        writer.write(isSuspended)
        writer.write(options)
        writer.write(StoredTimes(readiness: StoredReadiness(readyTimeout: readyTimeout, health: health), lease: lease))
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        let key = PresetKey(source: try reader.read(), name: try reader.read())
        let labels = try reader.read([String: String].self)
        let annotations = try reader.read([String: String].self)
        let (origin, spec) = (try reader.read(Origin.self), try reader.read(WorkspaceSpec.self))
        let fingerprint = Fingerprint(rawValue: try reader.read())
        let instances = try reader.read(Int.self)
        let ttl = try reader.read(Int64?.self).map { Duration.seconds($0) }
        let schedule = try reader.read(Schedule?.self)
        let strategy = try reader.read(RolloutStrategy.self)
        let failureLimit = try reader.read(Int.self)
        let stored = try reader.read(StoredRetirement?.self)
        retirement = stored?.retirement
        isRetirementHeld = stored?.isHeld ?? false
        isSuspended = try reader.read()
        options = try reader.read()
        let times = try reader.read(StoredTimes.self)
        written = Written(
            key: key, labels: labels, annotations: annotations, origin: origin, spec: spec, fingerprint: fingerprint,
            instances: instances, ttl: ttl, schedule: schedule, strategy: strategy, failureLimit: failureLimit,
            readyTimeout: times.readiness.readyTimeout, health: times.readiness.health, lease: times.lease)
    }
}

/// The times at the end of a stored preset. Earlier versions stored no lease.
private struct StoredTimes: BinaryCodable {
    let readiness: StoredReadiness
    let lease: LeasePolicy?
    /// Stands before a lease. It is no first number of a ``StoredReadiness``.
    private static let mark: UInt64 = 3

    init(readiness: StoredReadiness, lease: LeasePolicy?) {
        self.readiness = readiness
        self.lease = lease
    }

    func encode(into writer: inout BinaryWriter) {
        if let lease {
            writer.write(Self.mark)
            writer.write(lease)
        }
        writer.write(readiness)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        let first = try reader.read(UInt64.self)
        lease = first == Self.mark ? try reader.read(LeasePolicy.self) : nil
        readiness = try StoredReadiness(first: lease == nil ? first : reader.read(UInt64.self), from: &reader)
    }
}

/// A retirement with ``Preset/isRetirementHeld``.
private struct StoredRetirement: BinaryCodable {
    let retirement: Preset.Retirement
    let isHeld: Bool
    /// Stands before the tag of a held retirement. It is no tag of ``Preset/Retirement``.
    private static let mark: UInt64 = 4

    init(retirement: Preset.Retirement, isHeld: Bool) {
        self.retirement = retirement
        self.isHeld = isHeld
    }

    func encode(into writer: inout BinaryWriter) {
        if isHeld { writer.write(Self.mark) }
        writer.write(retirement)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        let first = try reader.read(UInt64.self)
        isHeld = first == Self.mark
        retirement = try Preset.Retirement(tag: isHeld ? reader.read() : first, from: &reader)
    }
}

extension Preset.Retirement: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        switch self {
        case .deprecated(let deprecation):
            writer.write(UInt64(deprecation.redirects ? 5 : 0))
            writer.write(deprecation)
        case .templateDeprecated(let deprecation):
            writer.write(UInt64(1))
            writer.write(deprecation)
        case .inactive(let activeVersion):
            writer.write(UInt64(2))
            writer.write(activeVersion)
        case .pruned:
            writer.write(UInt64(3))
        }
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        try self.init(tag: reader.read(), from: &reader)
    }

    fileprivate init(tag: UInt64, from reader: inout BinaryReader) throws(BinaryCodingError) {
        switch tag {
        case 0: self = .deprecated(try reader.read())
        case 1: self = .templateDeprecated(try reader.read())
        case 2: self = .inactive(activeVersion: try reader.read())
        case 3: self = .pruned
        case 5:
            var deprecation = try reader.read(Deprecation.self)
            deprecation.redirects = true
            self = .deprecated(deprecation)
        default: throw BinaryCodingError()
        }
    }
}
