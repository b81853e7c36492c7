package import PrewarmCore

/// The checked configuration file of the operator. Paths and URLs are as they are written.
package struct Configuration: Hashable, Sendable {
    package var store: Located<String>?
    package var sources: [Source] = []
    package var provisioners: [Provisioner] = []
    /// Secrets by name, for `valueFrom: {secret: NAME}`. The secrets of a provisioner take precedence.
    package var secrets: [String: String] = [:]
    /// The names of the secrets that each provisioner can use, by the name of the provisioner.
    package var secretNames: [String: Set<String>] {
        Dictionary(provisioners.map { ($0.name.value, Set(secrets.keys).union($0.secrets.keys)) }) { first, _ in first }
    }
    package var limits = Policy.Limits()
    package var deletionGuard = Policy.DeletionGuard()
    package var owners = OwnerPolicy()
    /// True if prewarm deletes orphans, which are workspaces that a provisioner lists and the store does not know.
    package var deletesOrphans = false
    /// The address of the HTTP server in the form `host:port`.
    package var listen: Located<String>?
    package var instance = Self.standardInstance
    /// The series of metrics for each preset: `all`, `nonzero` or `off`.
    package var metricsPerPreset = Self.standardMetricsPerPreset
    package var notifications: [Notification] = []
    package var server = Server()
    /// The values that replaced `${NAME}` in the configuration.
    package var variables = VariableValues()

    package init() {}

    package struct Source: Hashable, Sendable {
        package var name: Located<String>
        package var isDefault = false
        package var url: Located<String>
        package var ref: Ref?
        /// Paths relative to the root of the repository. `.` is the whole repository.
        package var paths: [Located<String>]
        /// Patterns relative to each of the paths. If it is empty, all files are read.
        package var include: [PathPattern] = []
        package var exclude: [PathPattern] = []
        package var interval: Duration
        package var timeout: Duration
        /// The maximum size of a fetched pack in bytes. Nil means the default.
        package var maxPackSize: UInt64?
        package var auth: Auth?
        /// The place of `sshAgent: false`, which selects no login; nil if the source does not have it.
        var disabledAgent: Position?
        package var hostKeys: HostKeys?
        package var verify: Verification?
        package var requiresFastForward = false
        package var caFile: String?
        package var clientCertificate: String?
        /// The file of the private key; nil if there is no client certificate.
        package var clientKey: String?
        package var proxy: String?
        package var isObserved: Bool
        package var freezes: [Freeze]

        /// A text that identifies the part of the repository that is read: the paths and the patterns.
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
        /// The URL of the API, without a slash at the end.
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
        /// The command and its arguments; empty if no command makes the workspaces.
        package var command: [String]
        package var commandPosition: Position
        /// The containers of the workspaces; nil if the workspaces are no containers.
        package var container: Container?
        /// The Kubernetes objects of the workspaces; nil if the workspaces are no Kubernetes objects.
        package var kubernetes: Kubernetes?
        /// The names of the operations that the provisioner supports.
        package var operations: [String]
        package var timeout: Duration
        package var grace: Duration
        package var concurrency: Int
        /// The number of slots of ``concurrency`` that are reserved for waiting claims. Nil means the default.
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
        policy.owners = owners
        for provisioner in provisioners { policy.resync[provisioner.name.value] = provisioner.resync }
        return policy
    }

    /// The source that a preset name without a source refers to if several sources define the preset.
    package var defaultSource: String? { sources.first { $0.isDefault }?.name.value }

    /// The names of the provisioners that offer the operation `claim`.
    package var handoverProvisioners: Set<String> {
        Set(provisioners.lazy.filter { $0.operations.contains("claim") }.map(\.name.value))
    }

    /// The provisioner for templates that name none: the one with `default: true`, or the only one.
    package var defaultProvisioner: String? {
        provisioners.first { $0.isDefault }?.name.value ?? (provisioners.count == 1 ? provisioners[0].name.value : nil)
    }
}
