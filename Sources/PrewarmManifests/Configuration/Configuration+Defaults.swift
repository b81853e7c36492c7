/// The values that prewarm takes for keys that a configuration leaves out. The JSON Schema states the same values.
extension Configuration {
    package static let standardStore = "sqlite:prewarm.db"
    package static let standardListen = "127.0.0.1:7430"
    static let standardInstance = "main"
    static let standardMetricsPerPreset = "nonzero"
    /// The time zone of a freeze.
    static let standardFreezeTimezone = "UTC"
}

extension Configuration.Source {
    /// The whole repository.
    static let standardPath = "."
    static let standardInterval = Duration.seconds(60)
    static let standardTimeout = Duration.seconds(60)
    /// The size as it is written in a configuration. `GitLimits.standardPackSize` is the same size in bytes.
    package static let standardMaxPackSize = "1GiB"
}

extension Configuration.SignIn {
    static let standardScopes = ["openid", "profile", "email"]
}

extension Configuration.GitHubApp {
    static let standardAPIURL = "https://api.github.com"
}

extension Configuration.Provisioner {
    static let standardOperations = ["create", "delete"]
    /// The operations of provisioners that are no commands.
    static let builtInOperations = ["create", "delete", "inspect", "list"]
    static let standardTimeout = Duration.seconds(600)
    static let standardGrace = Duration.seconds(5)
    static let standardConcurrency = 4
}

extension Configuration.Notification {
    /// The types of events that a webhook or a Slack channel receives: events that need attention.
    package static let standardTypes = [
        "revision.invalid", "revision.held", "revision.approved", "revision.rewritten", "preset.stalled",
        "workspace.lost", "provisioner.unavailable", "source.failing",
    ]
}
