import PrewarmCore
import PrewarmEngine

extension ClaimValues {
    /// All values with those of secrets, sorted by name.
    var all: [(name: String, value: ParameterValue)] {
        (plain.map { (name: $0.key, value: $0.value) } + secrets.map { (name: $0.key, value: .string($0.value)) })
            .sorted { $0.name < $1.name }
    }

    /// Returns the values as environment variables, for example `PREWARM_CLAIM_GIT_TOKEN` for `git-token`.
    func variables() throws(RequestDocument.Problem) -> [String: String] {
        var (variables, names) = ([String: String](), [String: String]())
        for (name, value) in all {
            let variable = "PREWARM_CLAIM_\(name.variableName)"
            if let other = names.updateValue(name, forKey: variable) {
                throw RequestDocument.Problem(
                    message: "the claim parameters \(other) and \(name) both become \(variable): rename one of them")
            }
            guard !value.providerText.utf8.contains(0) else {
                throw RequestDocument.Problem(
                    message: "the claim parameter \(name) contains a NUL character, so the command was not run")
            }
            variables[variable] = value.providerText
        }
        return variables
    }
}

extension ProvisionerRequest {
    /// The values of all secrets in the request: those of the configuration and those of the claim.
    var allSecrets: [String] {
        Array(secrets.values) + (claim.map { Array($0.values.secrets.values) } ?? [])
    }
}
