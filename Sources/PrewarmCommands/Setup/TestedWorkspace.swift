import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmProvisioners

/// The definition of the workspaces that `prewarm provisioner test` builds.
struct TestedWorkspace {
    let preset: PresetKey
    let labels: [String: String]
    let spec: WorkspaceSpec
    let invalid: WorkspaceSpec
    let readyTimeout: Duration?
    let handover: HandoverSpec
    /// The definition for people, for example `the preset go-small (go-dev 1.0.0)`.
    let text: String

    /// The version that no template has.
    static let invalidVersion = "0.0.0-prewarm-invalid"
    /// The name of the preset and template of workspaces that no manifest defines.
    static let name = "prewarm-test"

    /// Returns the subject of the test.
    /// - Parameter given: The claim parameters that the user gave.
    /// - Throws: ``CommandFailure`` if a claim parameter is invalid or a secret is not configured.
    func subject(
        claim given: Value?, owner: String, secrets: (_ name: String, _ provisioner: String) -> String?
    ) throws -> ConformanceSubject {
        var values: [String: String] = [:]
        for case .secret(let name) in spec.parameters.values {
            guard let value = secrets(name, spec.provisioner) else {
                throw CommandFailure(
                    "cannot test \(text): the secret \(name) is not configured",
                    hint: "add \(name) to `secrets` in the configuration")
            }
            values[name] = value
        }
        var generator = SystemRandomNumberGenerator()
        let store = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return ConformanceSubject(
            preset: preset, labels: labels, spec: spec, invalid: invalid, secrets: values,
            readyTimeout: readyTimeout ?? ConformanceSubject.standardReadyTimeout, handoverTimeout: handover.timeout,
            claim: try claim(given), owner: owner, store: store.hexadecimal)
    }

    /// Returns the claim parameters: those that the user gave, and samples for required ones.
    private func claim(
        _ given: Value?
    ) throws -> Result<ClaimValues, ConformanceSubject.MissingClaimParameter> {
        var values = Dictionary(
            (given?.pairs ?? []).map { ($0.key, ParameterValue.string($0.value.string ?? "")) }
        ) { $1 }
        for parameter in handover.parameters where parameter.rule.isRequired && parameter.rule.standard == nil {
            guard values[parameter.name] == nil else { continue }
            guard let sample = parameter.sample else {
                let name = parameter.name
                let option = parameter.isSecret ? "--secret-file \(name)=FILE" : "--param \(name)=VALUE"
                return .failure(
                    .init("the claim parameter \(name) has no value", hint: "Give a value with `\(option)`."))
            }
            values[parameter.name] = sample
        }
        let (checked, problems) = ClaimValues.check(values, against: handover.parameters)
        if let problem = problems.first { throw CommandFailure(problem.message, code: .usage) }
        return .success(checked)
    }

    static func unknown(_ name: String, _ configuration: Configuration) -> CommandFailure {
        let names = configuration.provisioners.map(\.name.value)
        return CommandFailure(
            "cannot find the provisioner \"\(name)\" in the configuration",
            hint: names.closest(to: name).map { "did you mean \"\($0)\"?" } ?? "use one of \(names.summary)")
    }
}

extension ClaimParameter {
    /// A value that the rule allows; nil if none of the usual ones matches.
    fileprivate var sample: ParameterValue? {
        let texts: [ParameterValue] = [
            .string("prewarm-test"), .string("main"), .string("1"), .string("a@example.org"),
            .string("https://example.org/a.git"),
            .string("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPrewarmTestKeyPrewarmTestKeyPrewarmTestKey00 prewarm-test"),
        ]
        let numbers = [rule.minimum, rule.maximum, 1].compactMap(\.self)
        let candidates: [ParameterValue] =
            switch rule.kind {
            case .string: texts
            case .boolean: [.boolean(false)]
            case .integer: numbers.compactMap { Int64(exactly: $0.rounded(.up)) }.map { .integer($0) }
            case .number: numbers.map { .number($0) }
            }
        var patterns = PatternCache()
        return ((rule.allowed ?? []) + candidates).first { problem(with: $0, patterns: &patterns) == nil }
    }
}
