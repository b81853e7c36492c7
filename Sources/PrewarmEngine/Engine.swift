package import PrewarmCore

/// Everything that the commands and the daemon work with: the ports, the policy and the clock.
package struct Engine: Sendable {
    package let store: any Store
    /// By name.
    package let sources: [String: Source]
    /// In the order of the configuration.
    package let sourceNames: [String]
    /// By the names of the configuration.
    package let provisioners: [String: any Provisioner]
    package let defaultProvisioner: String?
    package let policy: Policy
    package let parser: ManifestParsing
    package let zones: ZoneDirectory
    package let now: @Sendable () -> Timestamp
    /// The value of a secret for a provisioner, looked up at the moment of a call; nil: the configuration has none.
    package let secret: @Sendable (_ name: String, _ provisioner: String) -> String?
    /// This process, as leases name it.
    package let holder: String
    /// True where a holder is known to have ended.
    package let isDead: @Sendable (String) -> Bool
    /// False reads all manifests of a new revision and plans for all pools in each turn: what tests compare with.
    package let isIncremental: Bool

    package struct Source: Sendable {
        package let name: String
        /// Without user information.
        package let url: String
        package let git: any GitSource
        /// How long a turn may keep others from reconciling the source, if its process hangs.
        package let lease: Duration

        package init(name: String, url: String, git: any GitSource, lease: Duration = .seconds(120)) {
            self.name = name
            self.url = url
            self.git = git
            self.lease = lease
        }
    }

    package init(
        store: any Store, sources: [Source], provisioners: [String: any Provisioner], defaultProvisioner: String?,
        policy: Policy, parser: ManifestParsing, zones: ZoneDirectory = ZoneDirectory(),
        now: @escaping @Sendable () -> Timestamp,
        secret: @escaping @Sendable (String, String) -> String? = { _, _ in nil },
        holder: String = Holder.current.description,
        isDead: @escaping @Sendable (String) -> Bool = { Holder($0)?.isKnownDead == true }, isIncremental: Bool = true
    ) {
        self.store = store
        self.sources = Dictionary(sources.map { ($0.name, $0) }) { first, _ in first }
        sourceNames = sources.map(\.name)
        self.provisioners = provisioners
        self.defaultProvisioner = defaultProvisioner
        self.policy = policy
        self.parser = parser
        self.zones = zones
        self.now = now
        self.secret = secret
        self.holder = holder
        self.isDead = isDead
        self.isIncremental = isIncremental
    }
}

/// How bytes become a ``ParsedFile``; the engine doesn't know YAML.
package struct ManifestParsing: Sendable {
    /// Part of the key under which results are kept: it changes whenever the same bytes parse to something else.
    package let version: Int
    package let parse: @Sendable ([UInt8]) -> ParsedFile
    /// In bytes.
    package let sizeLimit: Int

    package init(version: Int, sizeLimit: Int, parse: @escaping @Sendable ([UInt8]) -> ParsedFile) {
        self.version = version
        self.sizeLimit = sizeLimit
        self.parse = parse
    }
}
