import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
import PrewarmProvisioners
import SystemPackage

/// Makes the engine and its parts from a configuration.
struct Assembly {
    let file: ConfigurationFile
    let configuration: Configuration

    init(_ file: ConfigurationFile, _ configuration: Configuration) {
        self.file = file
        self.configuration = configuration
    }

    /// Returns the engine of the configuration.
    /// - Parameters:
    ///   - store: the store that the engine reads and writes.
    ///   - observe: a closure for metrics, which is called with each observation.
    func engine(
        store: any Store, observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) throws -> Engine {
        let secrets = secrets
        return Engine(
            store: store, sources: try sources(), defaultSource: configuration.defaultSource,
            provisioners: provisioners(),
            defaultProvisioner: configuration.defaultProvisioner, policy: configuration.policy,
            parser: ManifestParsing(version: ManifestParser.version, sizeLimit: ManifestParser.readLimit) {
                ManifestParser.parse($0)
            },
            zones: ZoneDirectory(environment: Environment.variables), clock: SystemClock(of: store),
            random: SystemClock.random,
            secret: { name, provisioner in secrets(name, provisioner) },
            secretNames: configuration.secretNames, masked: configuration.variables.masked, observe: observe)
    }

    /// Returns the store that the configuration names.
    /// - Throws: ``CommandFailure`` if it names a store of another kind than `sqlite:` and `postgres://`, or if the URL has
    ///   a password among its options, which messages could show.
    func storeChoice() throws -> StoreChoice {
        let text = configuration.store?.value
        guard let choice = StoreChoice(text, in: file) else {
            throw CommandFailure(
                Diagnostic(
                    file: file.path, at: configuration.store?.position,
                    "invalid store \"\((text ?? "").withoutURLLogins)\": it must be sqlite:FILE or "
                        + "postgres://HOST/DATABASE",
                    hint: "use for example `store: sqlite:prewarm.db`"))
        }
        if case .postgres(let address, _) = choice, address.hasPasswordOption {
            throw CommandFailure(
                Diagnostic(
                    file: file.path, at: configuration.store?.position,
                    "invalid store \(address.display): its options contain a password",
                    hint:
                        "write it before the host, as in postgres://prewarm:${DB_PASSWORD}@db.example.org/prewarm, or "
                        + "into the file that PGPASSFILE names"))
        }
        return choice
    }

    /// Returns the sources of the configuration.
    /// - Throws: ``CommandFailure`` if a source cannot be used with its configuration.
    func sources() throws -> [Engine.Source] {
        let overlaps = configuration.sources.count > 1 ? configuration.overlapsAtHead(file.repository) : [:]
        return try configuration.sources.map { source in
            let mirror = try mirror(of: source)
            return Engine.Source(
                name: source.name.value, url: mirror.displayURL, git: mirror, scope: source.scope,
                lease: source.timeout + .seconds(90), interval: source.interval,
                requiresFastForward: source.requiresFastForward,
                branchesOfOthers: overlaps[source.name.value] ?? [:])
        }
    }

    /// Returns the mirror of a source. Mirrors are beside the store: those of `prewarm.db` are in `prewarm.mirrors`.
    /// - Parameter showsLog: true if an error may show the standard error of a credential command, which may be secret.
    func mirror(of source: Configuration.Source, showsLog: Bool = false) throws -> GitMirror {
        var mirrors = FilePath(try storeChoice().localPath)
        mirrors.extension = "mirrors"
        return try SourceAssembly(file: file, source: source, mirrors: mirrors, showsLog: showsLog).mirror()
    }

    private func provisioners() -> [String: any Provisioner] {
        configuration.provisioners.reversed().reduce(into: [:]) { all, provisioner in
            all[provisioner.name.value] = file.provisioner(provisioner)
        }
    }

    /// A function that returns the value of a secret for a provisioner; nil if the configuration has no such secret.
    var secrets: @Sendable (_ name: String, _ provisioner: String) -> String? {
        let general = configuration.secrets
        let special = Dictionary(configuration.provisioners.map { ($0.name.value, $0.secrets) }) { first, _ in first }
        return { name, provisioner in special[provisioner]?[name] ?? general[name] }
    }
}

extension Context {
    static func open(_ global: GlobalOptions, for use: ConfigurationFile.Use = .everything) async throws -> Context {
        let file = try ConfigurationFile(global)
        let configuration = try file.load(for: use)
        let assembly = Assembly(file, configuration)
        let store = try CommandStore.open(assembly.storeChoice(), readsBeside: false)
        return Context(engine: try assembly.engine(store: store), console: global.console)
    }
}
