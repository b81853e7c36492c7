import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
import PrewarmProvisioners
import PrewarmServer
import SystemPackage

/// Finds and reads the configuration: `--config`, `PREWARM_CONFIG`, `./prewarm.yaml`, `/etc/prewarm/prewarm.yaml`.
struct ConfigurationFile {
    let path: String
    private static let usual = ["prewarm.yaml", "/etc/prewarm/prewarm.yaml"]

    /// Relative paths of the configuration count from here.
    var folder: FilePath {
        let folder = FilePath(path.lastIndex(of: "/").map { String(path[...$0]) } ?? "")
        return folder.isAbsolute ? folder : FilePath(FileManager.default.currentDirectoryPath).pushing(folder)
    }

    private init(path: String) {
        self.path = path
    }

    init(_ global: GlobalOptions) throws {
        if let named = global.config.flatMap({ $0.isEmpty ? nil : $0 }) ?? Environment.value("PREWARM_CONFIG") {
            guard FileManager.default.fileExists(atPath: named) else {
                throw CommandFailure("there is no configuration \(named)", hint: "write a starter with `prewarm init`")
            }
            path = named
            return
        }
        guard let found = Self.usual.first(where: FileManager.default.fileExists) else {
            throw CommandFailure(
                "there is no configuration: neither ./prewarm.yaml nor /etc/prewarm/prewarm.yaml",
                hint: "write a starter with `prewarm init`, or name a file with --config or PREWARM_CONFIG")
        }
        path = found
    }

    enum Outcome {
        case success(Configuration)
        case failure(Findings)
    }

    static func parse(
        _ bytes: [UInt8], path: String
    ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        let file = ConfigurationFile(path: path)
        let result = ConfigurationParser.parse(bytes, file: path, repository: file.repository) {
            Environment.variables[$0]
        }
        if let configuration = result.configuration { Console.mask(configuration.variables) }
        return result
    }

    /// The one path of a repository on disk, whichever links lead to it.
    func repository(_ url: String) -> String {
        guard let path = GitSettings.path(ofURL: resolveURL(url)), let real = realpath(path, nil) else { return url }
        defer { free(real) }
        return String(cString: real)
    }

    func parse() throws -> Outcome {
        let bytes: [UInt8]
        do {
            bytes = try ManifestFolder.bytes(path)
        } catch is RegularFile.TooLarge {
            throw CommandFailure(
                "cannot read the configuration \(path): it has more than \(ManifestParser.sizeLimit / 1024) KiB",
                hint: "name another file with --config or PREWARM_CONFIG")
        }
        let result = Self.parse(bytes, path: path)
        if let configuration = result.configuration { return .success(configuration) }
        var findings = Findings()
        findings.files = 1
        findings.diagnostics = result.diagnostics
        return .failure(findings)
    }

    /// - Throws: ``CommandFailure`` with all of the errors.
    func load() throws -> Configuration {
        switch try parse() {
        case .success(let configuration): return configuration
        case .failure(let findings):
            var failure = CommandFailure("the configuration \(path) has \(counted(findings.errors, "error")):")
            failure.listed = findings.diagnostics
            throw failure
        }
    }

    /// For what works without a configuration, too; one that is named, or that is there, has to be good.
    static func loadIfPresent(_ global: GlobalOptions) throws -> Configuration? {
        let isNamed = global.config.map { !$0.isEmpty } ?? false || Environment.value("PREWARM_CONFIG") != nil
        guard isNamed || usual.contains(where: FileManager.default.fileExists) else { return nil }
        return try ConfigurationFile(global).load()
    }

    /// Returns the token that the daemon of this configuration made for its user; nil where there is no configuration,
    /// or no token beside its store. Only the store is read: variables that the rest needs may be the daemon's alone.
    static func localToken(_ global: GlobalOptions) throws -> String? {
        guard let file = try? ConfigurationFile(global), let bytes = try? ManifestFolder.bytes(file.path) else {
            return nil
        }
        let store = ConfigurationParser.store(bytes) { Environment.variables[$0] }
        return try Assembly.path(ofStore: store).flatMap { try LocalTokenFile.read(ofStore: file.resolve($0)) }
    }

    /// What is wrong though the file is well-formed: stores and commands that are not there.
    func check(_ configuration: Configuration) -> [Diagnostic] {
        configuration.provisioners.compactMap { provisioner in
            guard var problem = CommandProvisioner(settings(of: provisioner)).check() else { return nil }
            problem.file = path
            problem.position = provisioner.commandPosition
            return problem
        } + checkServer(configuration, now: .now) + notificationProblems(configuration)
    }

    func settings(of provisioner: Configuration.Provisioner) -> CommandSettings {
        CommandSettings(
            name: provisioner.name.value, command: provisioner.command,
            operations: Set(provisioner.operations.compactMap { ProvisionerOperation(rawValue: $0) }),
            concurrency: provisioner.concurrency, reserve: provisioner.reserve?.value, timeout: provisioner.timeout,
            grace: provisioner.grace,
            workingDirectory: provisioner.workingDirectory.map(resolve) ?? folder.string,
            environment: provisioner.environment, ownEnvironment: Environment.variables,
            inheritedNames: Set(provisioner.inherit))
    }

    /// A repository's URL, which may be a path.
    func resolveURL(_ url: String) -> String {
        let isRelative = ["./", "../"].contains { url.hasPrefix($0) }
        return !isRelative && (url.contains(":") || url.hasPrefix("/")) ? url : resolve(url)
    }

    /// A path of the configuration, from its folder.
    func resolve(_ path: String) -> String {
        let expanded = path.hasPrefix("~/") ? (Environment.home ?? NSHomeDirectory()) + path.dropFirst(1) : path
        return expanded.hasPrefix("/") ? expanded : folder.appending(expanded).lexicallyNormalized().string
    }
}
