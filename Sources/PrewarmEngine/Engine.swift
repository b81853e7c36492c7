package import PrewarmCore

/// The ports, the policy and the clock that commands and the daemon work with. Its extensions are the use cases.
package struct Engine: Sendable {
    package let store: any Store
    /// The sources of the configuration, by name.
    package let sources: [String: Source]
    /// The names of the sources, in the order of the configuration.
    package let sourceNames: [String]
    /// The source that a preset name without a source means if several sources have a preset of this name.
    package let defaultSource: String?
    /// The provisioners of the configuration, by name.
    package let provisioners: [String: any Provisioner]
    package let defaultProvisioner: String?
    package let policy: Policy
    package let parser: ManifestParsing
    package let zones: ZoneDirectory
    package let clock: any EngineClock
    /// Returns 64 random bits, for identifiers and for the spread of waits.
    package let random: @Sendable () -> UInt64
    /// Returns the value of a secret for a provisioner at the moment of a call; nil if the configuration has none.
    package let secret: @Sendable (_ name: String, _ provisioner: String) -> String?
    /// The names of the configured secrets, by provisioner; nil if they are unknown.
    package let secretNames: [String: Set<String>]?
    /// This process as the holder of leases (``Holder``).
    package let holder: String
    /// The name of this process for people, for example `web-1:4711`.
    package let replicaName: String
    /// Returns true if the process of a holder is known to have ended.
    package let isDead: @Sendable (String) -> Bool
    /// Masks the values of the configuration's variables in a message.
    package let masked: @Sendable (String) -> String
    /// Reports a measurement. It is called often and on any thread, so it has to be fast.
    package let observe: @Sendable (Observation) -> Void
    /// If false, each reconciliation reads all manifests of a new revision and plans for all pools. Tests compare with this.
    package let isIncremental: Bool
    /// The cached part of ``inputs(of:)`` that all sources share.
    private(set) var inputsOfAll = ""
    /// The names of the provisioners that offer the operation `claim`.
    package let handoverProvisioners: Set<String>
    /// The order of the handovers of this process.
    let handovers = HandoverQueue()
    let recentClaimsCache = RecentClaimsCache()
    /// True if processes of several machines may use the store, so that their clocks and processes cannot be compared.
    let isOfSeveralMachines: Bool
    let sightings = LeaseSightings()

    /// A source of the configuration.
    package struct Source: Sendable {
        package let name: String
        /// The URL without user information.
        package let url: String
        package let git: any GitSource
        /// The configured folders and patterns of the files that are read.
        package let scope: String
        /// The time for which the lease of the source is taken. If a process hangs, others wait this long.
        package let lease: Duration
        /// The time between two pulls of the daemon.
        package let interval: Duration
        /// If true, a revision without the applied one in its history is refused.
        package let requiresFastForward: Bool
        /// The names of sources that read the same files of the same repository, by the branch that they follow.
        package let branchesOfOthers: [String: String]

        package init(
            name: String, url: String, git: any GitSource, scope: String = "", lease: Duration = .seconds(120),
            interval: Duration = .seconds(60), requiresFastForward: Bool = false,
            branchesOfOthers: [String: String] = [:]
        ) {
            self.branchesOfOthers = branchesOfOthers
            self.interval = interval
            self.name = name
            self.url = url
            self.git = git
            self.scope = scope
            self.lease = lease
            self.requiresFastForward = requiresFastForward
        }
    }

    package init(
        store: any Store, sources: [Source], defaultSource: String? = nil,
        provisioners: [String: any Provisioner], defaultProvisioner: String?,
        policy: Policy, parser: ManifestParsing, zones: ZoneDirectory = ZoneDirectory(),
        clock: any EngineClock, random: @escaping @Sendable () -> UInt64,
        secret: @escaping @Sendable (String, String) -> String? = { _, _ in nil },
        secretNames: [String: Set<String>]? = nil,
        holder: String = Holder.current.description, replicaName: String? = nil,
        isDead: @escaping @Sendable (String) -> Bool = { Holder($0)?.isKnownDead == true },
        masked: @escaping @Sendable (String) -> String = { $0 },
        observe: @escaping @Sendable (Observation) -> Void = { _ in }, isIncremental: Bool = true
    ) {
        self.masked = masked
        self.store = store
        isOfSeveralMachines = store.sharedTime() != nil
        self.sources = Dictionary(sources.map { ($0.name, $0) }) { first, _ in first }
        sourceNames = sources.map(\.name)
        self.defaultSource = defaultSource
        self.provisioners = provisioners
        self.defaultProvisioner = defaultProvisioner
        self.policy = policy
        self.parser = parser
        self.zones = zones
        self.clock = clock
        self.random = random
        self.secret = secret
        self.secretNames = secretNames
        self.holder = holder
        self.replicaName = replicaName ?? Holder(holder).map { "\(Holder.hostName):\($0.pid)" } ?? holder
        self.isDead = isDead
        self.observe = observe
        self.isIncremental = isIncremental
        handoverProvisioners = Set(provisioners.lazy.filter { $0.value.operations.contains(.claim) }.map(\.key))
        inputsOfAll = currentInputs
    }
}

extension Engine {
    /// Returns the wall time.
    package func now() -> Timestamp { clock.now() }

    /// The random number generator of the engine.
    struct Generator: RandomNumberGenerator {
        fileprivate let random: @Sendable () -> UInt64

        func next() -> UInt64 { random() }
    }

    var generator: Generator { Generator(random: random) }

    /// Returns a source of new identifiers.
    package func identifiers(at now: Timestamp) -> IdentifierFactory {
        var generator = generator
        return IdentifierFactory(now: now, using: &generator)
    }
}

/// The parser of manifests. The engine itself does not know YAML.
package struct ManifestParsing: Sendable {
    /// The version of the parser, which is part of the key of cached results. It changes whenever the same bytes give
    /// another result.
    package let version: Int
    package let parse: @Sendable ([UInt8]) -> ParsedFile
    /// The largest size of a file that is parsed, in bytes.
    package let sizeLimit: Int

    package init(version: Int, sizeLimit: Int, parse: @escaping @Sendable ([UInt8]) -> ParsedFile) {
        self.version = version
        self.sizeLimit = sizeLimit
        self.parse = parse
    }
}
