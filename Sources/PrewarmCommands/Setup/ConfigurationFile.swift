import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
import PrewarmProvisioners
import PrewarmServer
import SystemPackage

/// The configuration file. It is the file of `--config` or `PREWARM_CONFIG`, otherwise `./prewarm.yaml`, otherwise
/// `/etc/prewarm/prewarm.yaml`.
struct ConfigurationFile {
    let path: String
    private static let usual = ["prewarm.yaml", "/etc/prewarm/prewarm.yaml"]

    /// The folder of the file. Relative paths in the configuration start here.
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
                throw CommandFailure(
                    "cannot find the configuration \(named)",
                    hint: "correct --config or PREWARM_CONFIG, or create a configuration with `prewarm init`",
                    code: .invalid)
            }
            path = named
            return
        }
        guard let found = Self.usual.first(where: FileManager.default.fileExists) else {
            throw CommandFailure(
                "cannot find a configuration: neither ./prewarm.yaml nor /etc/prewarm/prewarm.yaml exists",
                hint: "create one with `prewarm init`, name a file with --config or PREWARM_CONFIG, or ask a daemon: "
                    + "`prewarm login URL`", code: .invalid)
        }
        path = found
    }

    /// The parts of the configuration that a command uses.
    enum Use {
        case everything
        /// The store and the names of sources and provisioners. Variables of logins, secrets, provisioners and the HTTP
        /// server need not be set.
        case store
    }

    enum Outcome {
        case success(Configuration)
        case failure(Findings)
    }

    static func parse(
        _ bytes: [UInt8], path: String, for use: Use = .everything
    ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        let file = ConfigurationFile(path: path)
        let result = ConfigurationParser.parse(
            bytes, file: path, repository: file.repository, defersVariables: use == .store
        ) { Environment.variables[$0] }
        if let configuration = result.configuration { Console.mask(configuration.variables) }
        return result
    }

    /// Returns the path of a repository on disk with all symbolic links resolved; the URL of any other repository.
    func repository(_ url: String) -> String {
        guard let path = GitSettings.path(ofURL: resolveURL(url)), let real = realpath(path, nil) else { return url }
        defer { free(real) }
        return String(cString: real)
    }

    func parse(for use: Use = .everything) throws -> Outcome {
        let bytes: [UInt8]
        do {
            bytes = try ManifestFolder.bytes(path)
        } catch is RegularFile.TooLarge {
            throw CommandFailure(
                "cannot read the configuration \(path): it has more than \(ManifestParser.sizeLimit / 1024) KiB",
                hint: "name another file with --config or PREWARM_CONFIG", code: .invalid)
        }
        let result = Self.parse(bytes, path: path, for: use)
        if let configuration = result.configuration { return .success(configuration) }
        var findings = Findings()
        findings.files = 1
        findings.diagnostics = result.diagnostics
        return .failure(findings)
    }

    /// - Throws: ``CommandFailure`` with all of the errors.
    func load(for use: Use = .everything) throws -> Configuration {
        switch try parse(for: use) {
        case .success(let configuration): return configuration
        case .failure(let findings):
            var failure = CommandFailure(
                "cannot use the configuration \(path): it has \(counted(findings.errors, "error")):", code: .invalid)
            failure.listed = findings.diagnostics
            throw failure
        }
    }

    /// Returns the configuration for commands that can do without; nil if no file is named and none exists.
    /// - Throws: ``CommandFailure`` if the file is missing although it is named, or has errors.
    static func loadIfPresent(_ global: GlobalOptions) throws -> Configuration? {
        let isNamed = global.config.map { !$0.isEmpty } ?? false || Environment.value("PREWARM_CONFIG") != nil
        guard isNamed || usual.contains(where: FileManager.default.fileExists) else { return nil }
        return try ConfigurationFile(global).load()
    }

    /// Returns the local token of the daemon of this configuration; nil if there is no configuration or no token file
    /// beside its store. Only `store:` is read, since other values may need variables that only the daemon has.
    static func localToken(_ global: GlobalOptions) throws -> String? {
        guard let file = try? ConfigurationFile(global), let bytes = try? ManifestFolder.bytes(file.path) else {
            return nil
        }
        let store = ConfigurationParser.store(bytes) { Environment.variables[$0] }
        return try StoreChoice(store, in: file).flatMap { try LocalTokenFile.read(ofStore: $0.localPath) }
    }

    /// Returns problems that the parser cannot find, for example a provisioner command or a certificate that is missing.
    func check(_ configuration: Configuration) -> [Diagnostic] {
        configuration.provisioners.flatMap(problems(with:)) + checkServer(configuration, now: .now)
            + notificationProblems(configuration)
    }

    /// Returns the URL of a repository. A path becomes an absolute path.
    func resolveURL(_ url: String) -> String {
        let isRelative = ["./", "../"].contains { url.hasPrefix($0) }
        return !isRelative && (url.contains(":") || url.hasPrefix("/")) ? url : resolve(url)
    }

    /// Returns a path of the configuration as an absolute path, with `~/` replaced by the home folder.
    func resolve(_ path: String) -> String {
        let expanded = path.hasPrefix("~/") ? (Environment.home ?? NSHomeDirectory()) + path.dropFirst(1) : path
        return expanded.hasPrefix("/") ? expanded : folder.appending(expanded).lexicallyNormalized().string
    }
}
