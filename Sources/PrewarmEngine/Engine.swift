package import PrewarmCore

/// Everything that the commands and the daemon work with: the ports, the policy and the clock.
package struct Engine: Sendable {
    package let store: any Store
    /// By name.
    package let sources: [String: Source]
    /// In the order of the configuration.
    package let sourceNames: [String]
    /// The source whose presets a bare name means where several sources have one of that name.
    package let defaultSource: String?
    /// By the names of the configuration.
    package let provisioners: [String: any Provisioner]
    package let defaultProvisioner: String?
    package let policy: Policy
    package let parser: ManifestParsing
    package let zones: ZoneDirectory
    package let now: @Sendable () -> Timestamp
    /// The value of a secret for a provisioner, looked up at the moment of a call; nil: the configuration has none.
    package let secret: @Sendable (_ name: String, _ provisioner: String) -> String?
    /// The names that it has a value for, by provisioner; nil: nobody knows.
    package let secretNames: [String: Set<String>]?
    /// This process, as leases name it.
    package let holder: String
    /// True where a holder is known to have ended.
    package let isDead: @Sendable (String) -> Bool
    /// Masks the values of the configuration's variables in a message.
    package let masked: @Sendable (String) -> String
    /// Who measures; called often and from anywhere, so it has to be quick.
    package let observe: @Sendable (Observation) -> Void
    /// False reads all manifests of a new revision and plans for all pools in each turn: what tests compare with.
    package let isIncremental: Bool
    /// See ``inputs(of:)``: asked for in each turn.
    private(set) var inputsOfAll = ""

    package struct Source: Sendable {
        package let name: String
        /// Without user information.
        package let url: String
        package let git: any GitSource
        /// What of the repository is read, as the configuration says it: its folders.
        package let scope: String
        /// How long a turn may keep others from reconciling the source, if its process hangs.
        package let lease: Duration
        /// Between two pulls of the daemon.
        package let interval: Duration
        /// A revision whose history lacks the one in force is refused.
        package let requiresFastForward: Bool
        /// Branches of which another source, which is named, reads the same.
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
        now: @escaping @Sendable () -> Timestamp,
        secret: @escaping @Sendable (String, String) -> String? = { _, _ in nil },
        secretNames: [String: Set<String>]? = nil,
        holder: String = Holder.current.description,
        isDead: @escaping @Sendable (String) -> Bool = { Holder($0)?.isKnownDead == true },
        masked: @escaping @Sendable (String) -> String = { $0 },
        observe: @escaping @Sendable (Observation) -> Void = { _ in }, isIncremental: Bool = true
    ) {
        self.masked = masked
        self.store = store
        self.sources = Dictionary(sources.map { ($0.name, $0) }) { first, _ in first }
        sourceNames = sources.map(\.name)
        self.defaultSource = defaultSource
        self.provisioners = provisioners
        self.defaultProvisioner = defaultProvisioner
        self.policy = policy
        self.parser = parser
        self.zones = zones
        self.now = now
        self.secret = secret
        self.secretNames = secretNames
        self.holder = holder
        self.isDead = isDead
        self.observe = observe
        self.isIncremental = isIncremental
        inputsOfAll = currentInputs
    }
}

/// How bytes become a ``ParsedFile``; the engine doesn't know YAML.
package struct ManifestParsing: Sendable {
    /// Part of the key under which results are kept: it changes whenever the same bytes parse to something else.
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
