import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
import PrewarmProvisioners
import PrewarmSQLite

/// Makes the parts that a configuration asks for.
struct Assembly {
    let file: ConfigurationFile
    let configuration: Configuration

    init(_ file: ConfigurationFile, _ configuration: Configuration) {
        self.file = file
        self.configuration = configuration
    }

    /// - Parameters:
    ///   - store: one that is open already.
    ///   - observe: who measures.
    func engine(
        store: (any Store)? = nil, observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) throws -> Engine {
        let (general, special) = (configuration.secrets, provisionerSecrets)
        return Engine(
            store: try store ?? SQLiteStore.open(path: try storePath()), sources: try sources(), provisioners: provisioners(),
            defaultProvisioner: configuration.defaultProvisioner, policy: configuration.policy,
            parser: ManifestParsing(version: ManifestParser.version, sizeLimit: ManifestParser.sizeLimit) {
                ManifestParser.parse($0)
            },
            zones: ZoneDirectory(environment: Environment.variables), now: { .now },
            secret: { name, provisioner in special[provisioner]?[name] ?? general[name] },
            secretNames: configuration.secretNames, observe: observe)
    }

    func storePath() throws -> String {
        let text = configuration.store?.value ?? "sqlite:prewarm.db"
        guard text.hasPrefix("sqlite:"), text != "sqlite:" else {
            throw CommandFailure(
                "\(place(configuration.store?.position)): the store \"\(text)\" is of no kind that this prewarm knows",
                hint: "expected sqlite:FILE, as sqlite:prewarm.db")
        }
        return file.resolve(String(text.dropFirst("sqlite:".count)))
    }

    func sources() throws -> [Engine.Source] {
        try configuration.sources.map { source in
            let mirror = try GitMirror(settings(of: source))
            return Engine.Source(
                name: source.name.value, url: mirror.displayURL, git: mirror, scope: source.path,
                lease: source.timeout + .seconds(60), interval: source.interval)
        }
    }

    private func settings(of source: Configuration.Source) throws -> GitSettings {
        if let verify = source.verify, verify.value != "none" {
            throw CommandFailure(
                "\(place(verify.position)): this prewarm can't verify signatures of commits yet",
                hint: "nothing is applied unverified; say mode: none to do without")
        }
        let url = source.url.value
        // Files are the operator's own choice, made here in the configuration.
        let isRelative = !url.contains(":") && !url.hasPrefix("/")
        return GitSettings(
            name: source.name.value, url: isRelative ? file.resolve(url) : url, ref: source.ref.gitRef,
            path: source.path, credentials: credentials(of: source), timeout: source.timeout,
            idleTimeout: min(source.timeout, .seconds(10)), allowFile: true,
            mirror: try mirrors().appending(path: source.name.value + ".git").path,
            caFile: source.caFile.map(file.resolve),
            proxy: Environment.variables["HTTPS_PROXY"] ?? Environment.variables["https_proxy"])
    }

    /// Beside the store: `prewarm.db` has its mirrors in `prewarm.mirrors`.
    private func mirrors() throws -> URL {
        let store = URL(fileURLWithPath: try storePath())
        return store.deletingPathExtension().appendingPathExtension("mirrors")
    }

    private func credentials(of source: Configuration.Source) -> GitSettings.Credentials {
        switch source.auth {
        case .token(let token, username: nil): .token(token)
        case .token(let token, username: let username?): .usernamePassword(username: username, password: token)
        case .basic(let username, let password): .usernamePassword(username: username, password: password)
        case .ssh(let key, let knownHosts): .sshKey(path: file.resolve(key), knownHosts: knownHosts.map(file.resolve))
        case nil: .none
        }
    }

    private func provisioners() -> [String: any Provisioner] {
        Dictionary(
            configuration.provisioners.map { ($0.name.value, CommandProvisioner(file.settings(of: $0))) }
        ) { first, _ in first }
    }

    private var provisionerSecrets: [String: [String: String]] {
        Dictionary(configuration.provisioners.map { ($0.name.value, $0.secrets) }) { first, _ in first }
    }

    func place(_ position: Position?) -> String {
        position.map { "\(file.path):\($0.line):\($0.column)" } ?? file.path
    }
}

extension Configuration.Ref? {
    fileprivate var gitRef: GitSettings.Ref {
        switch self {
        case .branch(let name): .branch(name)
        case .tag(let name): .tag(name)
        case .commit(let commit): .commit(commit)
        case .semver(let range): .semver(range)
        case nil: .head
        }
    }
}

extension Context {
    static func open(_ global: GlobalOptions) async throws -> Context {
        let file = try ConfigurationFile(global)
        let configuration = try file.load()
        return Context(engine: try Assembly(file, configuration).engine(), console: global.console)
    }

    /// All, or the one.
    func sources(named name: String?) throws -> [String] {
        guard let name else { return sourceNames }
        guard sourceNames.contains(name) else {
            throw CommandFailure(
                "the configuration names no source \"\(name)\"",
                hint: sourceNames.closest(to: name).map { "did you mean \"\($0)\"?" }
                    ?? "it names \(sourceNames.joined(separator: ", "))")
        }
        return [name]
    }
}
