import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
import PrewarmProvisioners
import PrewarmSQLite
import SystemPackage

/// Makes the parts that a configuration asks for.
struct Assembly {
    let file: ConfigurationFile
    let configuration: Configuration

    init(_ file: ConfigurationFile, _ configuration: Configuration) {
        self.file = file
        self.configuration = configuration
    }

    /// - Parameter observe: who measures.
    func engine(
        store: any Store, observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) throws -> Engine {
        let (general, special) = (configuration.secrets, provisionerSecrets)
        return Engine(
            store: store, sources: try sources(), defaultSource: configuration.defaultSource,
            provisioners: provisioners(),
            defaultProvisioner: configuration.defaultProvisioner, policy: configuration.policy,
            parser: ManifestParsing(version: ManifestParser.version, sizeLimit: ManifestParser.readLimit) {
                ManifestParser.parse($0)
            },
            zones: ZoneDirectory(environment: Environment.variables), now: { .now },
            secret: { name, provisioner in special[provisioner]?[name] ?? general[name] },
            secretNames: configuration.secretNames, masked: configuration.variables.masked, observe: observe)
    }

    func storePath() throws -> String {
        let text = configuration.store?.value
        guard let path = Self.path(ofStore: text) else {
            throw CommandFailure(
                Diagnostic(
                    file: file.path, at: configuration.store?.position,
                    "the store \"\(text ?? "")\" is of no kind that this prewarm knows",
                    hint: "expected sqlite:FILE, as sqlite:prewarm.db"))
        }
        return file.resolve(path)
    }

    /// Returns the path that a configuration gives its store, as it stands there; nil for a store of another kind.
    /// - Parameter text: nil: the configuration names none.
    static func path(ofStore text: String?) -> String? {
        let text = text ?? "sqlite:prewarm.db"
        let path = text.dropFirst("sqlite:".count)
        return text.hasPrefix("sqlite:") && !path.isEmpty ? String(path) : nil
    }

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

    /// Beside the store: `prewarm.db` has its mirrors in `prewarm.mirrors`.
    /// - Parameter showsLog: an error may tell what a credential command says.
    func mirror(of source: Configuration.Source, showsLog: Bool = false) throws -> GitMirror {
        var mirrors = FilePath(try storePath())
        mirrors.extension = "mirrors"
        return try SourceAssembly(file: file, source: source, mirrors: mirrors, showsLog: showsLog).mirror()
    }

    private func provisioners() -> [String: any Provisioner] {
        configuration.provisioners.reversed().reduce(into: [:]) { all, provisioner in
            all[provisioner.name.value] = CommandProvisioner(file.settings(of: provisioner))
        }
    }

    private var provisionerSecrets: [String: [String: String]] {
        Dictionary(configuration.provisioners.map { ($0.name.value, $0.secrets) }) { first, _ in first }
    }
}

extension Context {
    static func open(_ global: GlobalOptions) async throws -> Context {
        let file = try ConfigurationFile(global)
        let configuration = try file.load()
        let assembly = Assembly(file, configuration)
        let store = try CommandStore.open(path: assembly.storePath(), readsBeside: false)
        return Context(engine: try assembly.engine(store: store), console: global.console)
    }
}
