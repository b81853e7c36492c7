package import PrewarmCore

/// The operator's configuration file, checked; paths and URLs are as written.
package struct Configuration: Hashable, Sendable {
    package var store: Located<String>?
    package var sources: [Source] = []
    package var provisioners: [Provisioner] = []
    /// Values by name, for `valueFrom: {secret: NAME}`; those of a provisioner win.
    package var secrets: [String: String] = [:]
    /// Of those for all and those for each provisioner, by provisioner.
    package var secretNames: [String: Set<String>] {
        Dictionary(provisioners.map { ($0.name.value, Set(secrets.keys).union($0.secrets.keys)) }) { first, _ in first }
    }
    package var limits = Policy.Limits()
    package var deletionGuard = Policy.DeletionGuard()
    /// Workspaces that a provisioner lists and the store doesn't know are deleted.
    package var deletesOrphans = false
    /// `host:port`.
    package var listen: Located<String>?
    package var instance = "main"
    /// Which series of metrics there are for each preset: `all`, `nonzero` or `off`.
    package var metricsPerPreset = "nonzero"
    package var notifications: [Notification] = []
    package var server = Server()
    /// The values that stand for `${NAME}` in it.
    package var variables = VariableValues()

    package init() {}

    package struct Source: Hashable, Sendable {
        package var name: Located<String>
        package var isDefault = false
        package var url: Located<String>
        package var ref: Ref?
        /// From the root of the repository; "." is all of it.
        package var paths: [Located<String>]
        /// From each of the paths.
        package var include: [PathPattern] = []
        package var exclude: [PathPattern] = []
        package var interval: Duration
        package var timeout: Duration
        /// In bytes.
        package var maxPackSize: UInt64?
        package var auth: Auth?
        package var hostKeys: HostKeys?
        package var verify: Verification?
        package var requiresFastForward = false
        package var caFile: String?
        package var proxy: String?
        package var isObserved: Bool
        package var freezes: [Freeze]

        /// What of the repository is read, as text that changes with it.
        package var scope: String {
            let patterns = [include, exclude].map { $0.map(\.text).joined(separator: " ") }
            return paths.map(\.value).joined(separator: " ")
                + (patterns == ["", ""] ? "" : "; " + patterns.joined(separator: "; "))
        }
    }

    package enum Ref: Hashable, Sendable {
        case branch(String), tag(String), commit(String), semver(String)
    }

    package enum Auth: Hashable, Sendable {
        case token(Secret, username: String?)
        case basic(username: String, password: Secret)
        case sshKey(String, passphrase: Secret?)
        case sshAgent
        case command([String])
        case githubApp(GitHubApp)
    }

    package enum Secret: Hashable, Sendable {
        case text(String)
        case file(String)
    }

    package struct GitHubApp: Hashable, Sendable {
        package var appID: String
        package var installationID: String
        package var privateKeyFile: String
        /// Without a slash at the end.
        package var apiURL: String
    }

    package enum HostKeys: Hashable, Sendable {
        case knownHosts(String)
        case fingerprints([String])
    }

    package struct Verification: Hashable, Sendable {
        /// `none`, `ssh` or `openpgp`.
        package var mode: Located<String>
        package var allowedSigners: String?
        package var keys: String?
        package var coversNewCommits = false
    }

    package struct Provisioner: Hashable, Sendable {
        package var name: Located<String>
        package var isDefault: Bool
        package var command: [String]
        package var commandPosition: Position
        /// Their names.
        package var operations: [String]
        package var timeout: Duration
        package var grace: Duration
        package var concurrency: Int
        /// Of ``concurrency``, what is only for operations that somebody waits for.
        package var reserve: Located<Int>?
        package var resync: Duration
        package var workingDirectory: String?
        package var environment: [String: String]
        package var inherit: [String]
        package var secrets: [String: String]
    }

    package var policy: Policy {
        var policy = Policy(limits: limits)
        policy.deletionGuard = deletionGuard
        policy.observedSources = Set(sources.lazy.filter(\.isObserved).map(\.name.value))
        for source in sources where !source.freezes.isEmpty { policy.freezes[source.name.value] = source.freezes }
        policy.deletesOrphans = deletesOrphans
        for provisioner in provisioners { policy.resync[provisioner.name.value] = provisioner.resync }
        return policy
    }

    /// The source that a bare name of a preset means where several sources have one of that name.
    package var defaultSource: String? { sources.first { $0.isDefault }?.name.value }

    /// The provisioner for templates that name none: the one that says so, or the only one.
    package var defaultProvisioner: String? {
        provisioners.first { $0.isDefault }?.name.value ?? (provisioners.count == 1 ? provisioners[0].name.value : nil)
    }
}
