/// The environment variables that the commands read.
package enum EnvironmentVariable: String, CaseIterable, Sendable {
    case config = "PREWARM_CONFIG"
    case server = "PREWARM_SERVER"
    case token = "PREWARM_TOKEN"
    case context = "PREWARM_CONTEXT"
    case exitCodes = "PREWARM_EXIT_CODES"
    case caFile = "PREWARM_CA_FILE"
    case configHome = "XDG_CONFIG_HOME"
    case noColor = "NO_COLOR"
    case term = "TERM"
    case user = "USER"
    case logname = "LOGNAME"
    case httpsProxy = "https_proxy"
    case noProxy = "no_proxy"
    case sshAgent = "SSH_AUTH_SOCK"
    case zones = "TZDIR"
    case stateDirectory = "STATE_DIRECTORY"
    case actionsURL = "ACTIONS_ID_TOKEN_REQUEST_URL"
    case actionsToken = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
    case notifySocket = "NOTIFY_SOCKET"
    case watchdog = "WATCHDOG_USEC"
    case watchdogProcess = "WATCHDOG_PID"
    case epoch = "SOURCE_DATE_EPOCH"

    /// One or two sentences that say what a command does with the variable.
    package var meaning: String {
        switch self {
        case .config: "The configuration file, if there is no --config."
        case .server: "The URL of the daemon to ask, if there is no --server and no --context."
        case .token:
            "The token for the daemon, or @FILE to read it from a file, if there is no --token and the context has no token."
        case .context: "The context to use, if there is no --server, --context, --config and PREWARM_SERVER."
        case .exitCodes:
            "If it is detailed, a failure has its own exit code where `prewarm help exit-codes` lists one."
        case .caFile: "A file with the certificates that the certificate of the daemon is checked with."
        case .configHome: "The folder of prewarm/contexts.yaml, which `prewarm login` writes (default: ~/.config)."
        case .noColor: "If it is not empty, the output has no colors (https://no-color.org)."
        case .term: "If it is dumb or not set, the output has no colors and no progress that is drawn in place."
        case .user: "The name that the audit log records, if there is no --by."
        case .logname: "The name that the audit log records, if USER is not set."
        case .httpsProxy: "The proxy for https URLs of sources without a proxy of their own. HTTPS_PROXY does the same."
        case .noProxy: "The hosts that need no proxy, separated by commas. NO_PROXY does the same."
        case .sshAgent: "The socket of the SSH agent for sources with an SSH agent."
        case .zones: "The folder of the time zones (default: /usr/share/zoneinfo)."
        case .stateDirectory:
            "The folder for files of this machine if the store is in PostgreSQL; systemd sets it (default: the folder of the "
                + "configuration)."
        case .actionsURL, .actionsToken: "GitHub Actions sets it in a job that may use --oidc."
        case .notifySocket: "The socket of systemd, to which the daemon reports its state."
        case .watchdog, .watchdogProcess: "systemd sets it for the watchdog of the daemon."
        case .epoch: "The time, in seconds since 1970, of the pages that `prewarm manual` writes."
        }
    }
}
