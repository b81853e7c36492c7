/// The handover that a template asks for: what a claim may say about the workspace, how long the handover may take, and
/// what happens if it fails. It is no part of a ``WorkspaceSpec``, so a change replaces no workspace.
package struct HandoverSpec: Hashable, Sendable {
    /// The rule for a workspace whose handover failed.
    package enum FailurePolicy: String, CaseIterable, Sendable {
        /// The workspace is deleted, and the claim gets the next ready one.
        case replace
        /// The workspace stays claimed.
        case keep
    }

    package let parameters: [ClaimParameter]
    /// The time from the start of the handover to its end, including further attempts.
    package let timeout: Duration
    package let onFailure: FailurePolicy

    package static let standardTimeout = Duration.seconds(30)
    /// The handover of a template without `claim`.
    package static let standard = HandoverSpec()

    package init(
        parameters: [ClaimParameter] = [], timeout: Duration = standardTimeout, onFailure: FailurePolicy = .replace
    ) {
        self.parameters = parameters
        self.timeout = timeout
        self.onFailure = onFailure
    }
}

/// A parameter that is asked for at a claim.
package struct ClaimParameter: Hashable, Sendable {
    package let rule: ParameterRule
    /// If true, the value is never stored, logged or shown.
    package let isSecret: Bool

    package var name: String { rule.name }

    package init(_ rule: ParameterRule, isSecret: Bool = false) {
        self.rule = rule
        self.isSecret = isSecret
    }
}

extension HandoverSpec: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(parameters)
        writer.write(timeout.components.seconds)
        writer.write(onFailure.rawValue)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        parameters = try reader.read()
        timeout = .seconds(try reader.read(Int64.self))
        guard let onFailure = FailurePolicy(rawValue: try reader.read()) else { throw BinaryCodingError() }
        self.onFailure = onFailure
    }
}

extension ClaimParameter: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(rule)
        writer.write(isSecret)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        rule = try reader.read()
        isSecret = try reader.read()
    }
}
