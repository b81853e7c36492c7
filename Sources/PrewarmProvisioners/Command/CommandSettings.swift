package import PrewarmEngine

/// The settings of a provisioner that runs a command.
package struct CommandSettings: Sendable {
    /// The name that templates use.
    package var name: String
    /// The command and its first arguments. The name of the operation is added as the last argument. A name without a slash
    /// is searched in the child's `PATH`, and a relative path begins at the working directory.
    package var command: [String]
    package var operations: Set<ProvisionerOperation>
    /// The number of operations that may run at once.
    package var concurrency: Int
    /// The part of ``concurrency`` that is reserved for operations for which a user waits; nil for the standard number.
    package var reserve: Int?
    /// The limit of one operation, from the start of the command to its exit.
    package var timeout: Duration
    /// The time between SIGTERM and SIGKILL.
    package var grace: Duration
    /// The working directory; nil for the working directory of prewarm.
    package var workingDirectory: String?
    /// The variables that the operator sets for the command. The `PREWARM_*` variables of prewarm override them.
    package var environment: [String: String]
    /// The environment of prewarm. Only ``inheritedNames`` and ``alwaysInherited`` are passed on.
    package var ownEnvironment: [String: String]
    /// The names of further variables to pass on, for example `AWS_PROFILE` or `SSH_AUTH_SOCK`.
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

    /// The names of the variables that every command inherits, in addition to `LC_*`. None of these variables contains a
    /// credential. The tokens of prewarm and the operator's agent are passed on only if ``inheritedNames`` names them.
    package static let alwaysInherited: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TMPDIR", "TZ",
    ]

    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// The environment of every child of this provisioner, without the variables of a request.
    var baseEnvironment: [String: String] {
        var variables = ownEnvironment.filter { name, _ in
            Self.alwaysInherited.contains(name) || name.hasPrefix("LC_") || inheritedNames.contains(name)
        }
        variables.merge(environment) { _, configured in configured }
        if variables["PATH", default: ""].isEmpty { variables["PATH"] = Self.defaultPath }
        return variables
    }
}
