/// The values of claim parameters, as the provisioner gets them.
package struct ClaimValues: Hashable, Sendable {
    /// The values that may be stored, with the defaults of the template.
    package var plain: [String: ParameterValue] = [:]
    /// The values of secret parameters. They exist only in the memory of the process that handles the claim.
    package var secrets: [String: String] = [:]

    package init(plain: [String: ParameterValue] = [:], secrets: [String: String] = [:]) {
        self.plain = plain
        self.secrets = secrets
    }
}

/// An error in the parameters of a claim.
package struct ClaimParameterProblem: Hashable, Sendable {
    /// The name of the parameter.
    package let name: String
    /// One sentence without the value of a secret.
    package let message: String
}

extension ClaimValues {
    /// The largest number of parameters of one claim.
    package static let mostParameters = 64
    /// The largest size of one value in bytes. A variable of a process has at most 128 KiB.
    package static let valueLimit = 64 << 10
    /// The largest size of all values of a claim in bytes.
    package static let sizeLimit = 256 << 10

    /// Checks the parameters of a claim against a template, and adds defaults.
    ///
    /// A text becomes a number or a boolean if the template asks for one, because the command line has only texts.
    /// - Parameters:
    ///   - given: The values of the request, by name.
    ///   - parameters: The parameters of the template.
    ///   - isComplete: If false, required parameters may be missing and defaults are not added.
    /// - Returns: The values, and all errors in the order of the names.
    package static func check(
        _ given: [String: ParameterValue], against parameters: [ClaimParameter], isComplete: Bool = true
    ) -> (values: ClaimValues, problems: [ClaimParameterProblem]) {
        var (values, problems) = (ClaimValues(), [ClaimParameterProblem]())
        var patterns = PatternCache()
        let known = Dictionary(parameters.map { ($0.name, $0) }) { first, _ in first }
        for (name, value) in given.sorted(by: { $0.key < $1.key }) {
            guard let parameter = known[name] else {
                problems.append(unknown(name, among: parameters))
                continue
            }
            let value = value.converted(to: parameter.rule.kind)
            if let problem = parameter.problem(with: value, patterns: &patterns) {
                problems.append(
                    ClaimParameterProblem(name: name, message: "the claim parameter \"\(name)\" \(problem)"))
            } else if parameter.isSecret, case .string(let text) = value {
                values.secrets[name] = text
            } else {
                values.plain[name] = value
            }
        }
        for parameter in parameters where isComplete && given[parameter.name] == nil {
            if let standard = parameter.rule.standard {
                values.plain[parameter.name] = standard
            } else if parameter.rule.isRequired {
                let name = parameter.name
                problems.append(
                    ClaimParameterProblem(name: name, message: "the claim parameter \"\(name)\" is missing"))
            }
        }
        return (values, problems.sorted { $0.name < $1.name })
    }

    private static func unknown(_ name: String, among parameters: [ClaimParameter]) -> ClaimParameterProblem {
        let names = parameters.map(\.name)
        let hint =
            names.isEmpty
            ? "the template has no claim parameters"
            : names.closest(to: name).map { "did you mean \"\($0)\"?" }
                ?? "the template has \(names.sorted().summary)"
        return ClaimParameterProblem(
            name: name, message: "there is no claim parameter \"\(name.printable.shortened)\"; \(hint)")
    }
}

extension ClaimParameter {
    /// Returns the problem with a value, as the end of a sentence; nil if the value follows the rule. The text never
    /// contains the value of a secret.
    package func problem(with value: ParameterValue, patterns: inout PatternCache) -> String? {
        if case .string(let text) = value {
            if text.utf8.count > ClaimValues.valueLimit {
                return "is longer than \(ClaimValues.valueLimit >> 10) KiB"
            }
            if text.utf8.contains(0) { return "contains a NUL character" }
        }
        guard let problem = rule.problem(with: value, patterns: &patterns) else { return nil }
        guard isSecret else { return problem }
        return rule.pattern.map { "does not match \($0.limited(to: 120))" } ?? "is not a text"
    }
}

extension ParameterValue {
    /// Returns a text as a value of the kind if it is the decimal form of a number or `true` or `false`; otherwise the
    /// value itself.
    package func converted(to kind: ParameterRule.Kind) -> ParameterValue {
        guard case .string(let text) = self else { return self }
        switch kind {
        case .string: return self
        case .boolean: return text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : self
        case .integer: return Int64(text).map { .integer($0) } ?? self
        case .number:
            if let number = Int64(text) { return .integer(number) }
            let isDecimal = text.utf8.allSatisfy { (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0) }
            guard isDecimal, let number = Double(text), number.isFinite else { return self }
            return .number(number)
        }
    }
}
