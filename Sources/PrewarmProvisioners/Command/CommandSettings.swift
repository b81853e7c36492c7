package import PrewarmEngine

/// How the operator's configuration sets a command up as a provisioner.
package struct CommandSettings: Sendable {
    /// As templates name it.
    package var name: String
    /// The command and its first arguments; the operation's name is added. The first is a path, taken from the working
    /// directory where it is relative, or without a slash is looked up in the child's `PATH`.
    package var command: [String]
    package var operations: Set<ProvisionerOperation>
    package var concurrency: Int
    /// Of ``concurrency``, what is only for operations that somebody waits for; nil: the standard number.
    package var reserve: Int?
    /// For one operation, from its start to its exit.
    package var timeout: Duration
    /// Between SIGTERM and SIGKILL.
    package var grace: Duration
    /// Nil: that of prewarm.
    package var workingDirectory: String?
    /// Variables that the operator sets for the command. `PREWARM_*` ones that prewarm sets itself win over them.
    package var environment: [String: String]
    /// prewarm's own environment, of which ``inheritedNames`` and ``alwaysInherited`` are passed on.
    package var ownEnvironment: [String: String]
    /// Names that the operator wants passed on, such as `AWS_PROFILE` or `SSH_AUTH_SOCK`.
    package var inheritedNames: Set<String>

    package init(
        name: String, command: [String], operations: Set<ProvisionerOperation>, concurrency: Int = 4,
        reserve: Int? = nil, timeout: Duration = .seconds(600), grace: Duration = .seconds(5),
        workingDirectory: String? = nil,
        environment: [String: String] = [:], ownEnvironment: [String: String] = [:], inheritedNames: Set<String> = []
    ) {
        self.name = name
        self.command = command
        self.operations = operations
        self.concurrency = concurrency
        self.reserve = reserve
        self.timeout = timeout
        self.grace = grace
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.ownEnvironment = ownEnvironment
        self.inheritedNames = inheritedNames
    }

    /// What a command needs to find programs, files and its language, and `LC_*`. Nothing that carries a credential:
    /// prewarm's own tokens and the operator's agent stay with prewarm, unless they are named.
    package static let alwaysInherited: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TMPDIR", "TZ",
    ]

    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// What every child of this provisioner gets.
    var baseEnvironment: [String: String] {
        var variables = ownEnvironment.filter { name, _ in
            Self.alwaysInherited.contains(name) || name.hasPrefix("LC_") || inheritedNames.contains(name)
        }
        variables.merge(environment) { _, configured in configured }
        if variables["PATH", default: ""].isEmpty { variables["PATH"] = Self.defaultPath }
        return variables
    }
}
