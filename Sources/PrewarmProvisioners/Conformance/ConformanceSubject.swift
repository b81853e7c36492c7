package import PrewarmCore

/// The definition of the workspaces that ``ConformanceTest`` builds.
package struct ConformanceSubject: Sendable {
    package let preset: PresetKey
    package let labels: [String: String]
    package let spec: WorkspaceSpec
    /// The definition that the provisioner should refuse.
    package let invalid: WorkspaceSpec
    /// The values of the secrets that the definitions name.
    package let secrets: [String: String]
    /// The limit until a workspace is ready, from the answer to its create.
    package let readyTimeout: Duration
    /// The limit of a handover.
    package let handoverTimeout: Duration
    /// The values of the claim parameters; nil with a reason if the test has no value for one of them.
    package let claim: Result<ClaimValues, MissingClaimParameter>
    package let owner: String
    /// The identity of a store that no prewarm has: 32 hexadecimal digits.
    package let store: String

    /// A claim parameter for which the user has to give a value.
    package struct MissingClaimParameter: Error, Hashable, Sendable {
        package let message: String
        package let hint: String

        package init(_ message: String, hint: String) {
            self.message = message
            self.hint = hint
        }
    }

    package static let standardReadyTimeout = Duration.seconds(600)

    package init(
        preset: PresetKey, labels: [String: String] = [:], spec: WorkspaceSpec, invalid: WorkspaceSpec,
        secrets: [String: String] = [:], readyTimeout: Duration = standardReadyTimeout,
        handoverTimeout: Duration = HandoverSpec.standardTimeout,
        claim: Result<ClaimValues, MissingClaimParameter> = .success(ClaimValues()), owner: String = "prewarm-test",
        store: String
    ) {
        self.preset = preset
        self.labels = labels
        self.spec = spec
        self.invalid = invalid
        self.secrets = secrets
        self.readyTimeout = readyTimeout
        self.handoverTimeout = handoverTimeout
        self.claim = claim
        self.owner = owner
        self.store = store
    }
}
