/// A pool as the manifests in force define it: references are followed, defaults filled in, everything checked.
package struct Preset: Hashable, Sendable {
    /// Why a pool is scaled to zero and hands nothing out, whatever its manifest asks for (planning rules 5 and 6).
    package enum Retirement: Hashable, Sendable {
        case deprecated(Deprecation)
        case templateDeprecated(Deprecation)
        /// The preset pins another version than the template's active one.
        case inactive(activeVersion: String)
        /// Its manifest is gone from git.
        case pruned
    }

    package let key: PresetKey
    package let labels: [String: String]
    package let annotations: [String: String]
    package let origin: Origin
    package let spec: WorkspaceSpec
    /// Of ``spec``, kept because every turn compares it.
    package let fingerprint: Fingerprint
    /// The desired number where no window of the schedule matches.
    package let instances: Int
    /// How long an instance may wait for a user, counted from when it was ready; nil: for ever.
    package let ttl: Duration?
    package let schedule: Schedule?
    package let strategy: RolloutStrategy
    /// Failures in a row after which the preset is stalled.
    package let failureLimit: Int
    package var retirement: Retirement?
    package private(set) var isSuspended: Bool
    package private(set) var options: PoolOptions
    /// From when its create answered: an instance that is not ready by then has failed. Nil: it may take for ever.
    package let readyTimeout: Duration?

    package init(
        key: PresetKey, labels: [String: String] = [:], annotations: [String: String] = [:], origin: Origin,
        spec: WorkspaceSpec, instances: Int, ttl: Duration? = nil, schedule: Schedule? = nil,
        strategy: RolloutStrategy = .standard, failureLimit: Int = Preset.standardFailureLimit,
        retirement: Retirement? = nil, isSuspended: Bool = false,
        options: PoolOptions = PoolOptions(), readyTimeout: Duration? = nil
    ) {
        self.key = key
        self.labels = labels
        self.annotations = annotations
        self.origin = origin
        self.spec = spec
        self.fingerprint = spec.fingerprint
        self.instances = instances
        self.ttl = ttl
        self.schedule = schedule
        self.strategy = strategy
        self.failureLimit = failureLimit
        self.retirement = retirement
        self.isSuspended = isSuspended
        self.options = options
        self.readyTimeout = readyTimeout
    }

    package static let standardFailureLimit = 3

    /// The same when its manifest is gone from git: what that said of leaving it alone is gone, too.
    package var pruned: Preset {
        var preset = self
        preset.retirement = .pruned
        preset.isSuspended = false
        preset.options.mode = .reconcile
        return preset
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
        writer.write(retirement)
        writer.write(isSuspended)
        writer.write(options)
        writer.write(readyTimeout?.components.seconds)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        key = PresetKey(source: try reader.read(), name: try reader.read())
        labels = try reader.read()
        annotations = try reader.read()
        origin = try reader.read()
        spec = try reader.read()
        fingerprint = Fingerprint(rawValue: try reader.read())
        instances = try reader.read()
        ttl = try reader.read(Int64?.self).map { .seconds($0) }
        schedule = try reader.read()
        strategy = try reader.read()
        failureLimit = try reader.read()
        retirement = try reader.read()
        isSuspended = try reader.read()
        options = try reader.read()
        readyTimeout = try reader.read(Int64?.self).map { .seconds($0) }
    }
}

extension Preset.Retirement: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        switch self {
        case .deprecated(let deprecation):
            writer.write(UInt64(0))
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
        switch try reader.read(UInt64.self) {
        case 0: self = .deprecated(try reader.read())
        case 1: self = .templateDeprecated(try reader.read())
        case 2: self = .inactive(activeVersion: try reader.read())
        case 3: self = .pruned
        default: throw BinaryCodingError()
        }
    }
}
