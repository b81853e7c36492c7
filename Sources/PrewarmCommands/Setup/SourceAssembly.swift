import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
import PrewarmProvisioners
import SystemPackage

/// Makes the git mirror of one configured source.
struct SourceAssembly {
    let file: ConfigurationFile
    let source: Configuration.Source
    /// The folder of all mirrors.
    let mirrors: FilePath
    /// True if an error may show the standard error of a credential command.
    var showsLog = false

    /// Returns the mirror.
    /// - Throws: ``CommandFailure`` with the place in the configuration, if the source cannot be used.
    func mirror() throws -> GitMirror {
        do {
            return try GitMirror(settings)
        } catch {
            throw CommandFailure(Diagnostic(file: file.path, at: source.url.position, error.message, hint: error.hint))
        }
    }

    private var settings: GitSettings {
        // `allowFile` is safe: the operator chose the URL in the configuration.
        var settings = GitSettings(
            name: source.name.value, url: file.resolveURL(source.url.value), ref: source.ref.gitRef,
            paths: source.paths.map(\.value), credentials: credentials,
            limits: GitLimits(timeout: source.timeout, packSize: source.maxPackSize ?? GitLimits.standardPackSize),
            allowFile: true, mirror: mirrors.appending(source.name.value + ".git").string,
            caFile: source.caFile.map(file.resolve), proxy: proxy)
        settings.include = source.include
        settings.exclude = source.exclude
        settings.hostKeys = hostKeys
        if let certificate = source.clientCertificate, let key = source.clientKey {
            settings.clientCertificate = (file.resolve(certificate), file.resolve(key))
        }
        settings.environment = Environment.variables
        settings.verification = verification
        return settings
    }

    private var credentials: GitCredentials {
        switch source.auth {
        case .token(let token, let username): .token(secret(token), username: username)
        case .basic(let username, let password): .usernamePassword(username: username, password: secret(password))
        case .sshKey(let key, let passphrase): .sshKey(path: file.resolve(key), passphrase: passphrase.map(secret))
        case .sshAgent: .sshAgent(socket: Environment.value("SSH_AUTH_SOCK"))
        case .command(let command):
            .source(
                CommandLogin(
                    source: source.name.value, command: command, url: source.url.value.withoutURLLogins,
                    workingDirectory: file.folder.string, timeout: min(source.timeout, .seconds(30)),
                    tools: ChildTools(environment: Environment.variables), showsLog: showsLog))
        case .githubApp(let app):
            .source(
                GitHubAppLogin(
                    GitHubAppLogin.Settings(
                        source: source.name.value, appID: app.appID, installationID: app.installationID,
                        privateKeyFile: file.resolve(app.privateKeyFile), apiURL: app.apiURL,
                        timeout: min(source.timeout, .seconds(30)), caFile: source.caFile.map(file.resolve),
                        proxy: ProxyChoice(Environment.variables, configured: source.proxy).proxy(for: app.apiURL)),
                    now: { .now }))
        case nil: .none
        }
    }

    private func secret(_ secret: Configuration.Secret) -> Secret {
        switch secret {
        case .text(let text): .text(text)
        case .file(let path): .file(file.resolve(path))
        }
    }

    private var hostKeys: HostKeyTrust {
        switch source.hostKeys {
        case .knownHosts(let path): .files([file.resolve(path)])
        case .fingerprints(let fingerprints): .fingerprints(fingerprints)
        case nil: .standard
        }
    }

    private var verification: GitVerification? {
        guard let verify = source.verify else { return nil }
        // prewarm parses the output of the tools, so their messages have to be English.
        let tools = ChildTools(environment: ["PATH": Environment.variables["PATH"] ?? "", "LC_ALL": "C"])
        let scope = verify.coversNewCommits ? GitVerification.Scope.new : .tip
        switch (verify.mode.value, verify.allowedSigners, verify.keys) {
        case ("ssh", let signers?, _):
            return GitVerification(keys: .ssh(allowedSigners: file.resolve(signers)), scope: scope, tools: tools)
        case ("openpgp", _, let keys?):
            return GitVerification(keys: .openpgp(file: file.resolve(keys)), scope: scope, tools: tools)
        default: return nil
        }
    }

    private var proxy: String? {
        ProxyChoice(Environment.variables, configured: source.proxy).proxy(for: source.url.value)
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
