import PrewarmCore

/// The check of parameter rules for errors that a shape cannot express.
struct RuleCheck {
    private var problems: [Diagnostic] = []
    /// The lines of the names that were found so far.
    private var seen: [String: Int] = [:]

    /// Returns the errors in the parameters of a template, and in its claim parameters.
    static func problems(of document: DocumentReader, _ patterns: inout PatternCache) -> [Diagnostic] {
        let spec = document["spec"]
        var (rules, claims) = (RuleCheck(), RuleCheck())
        rules.check(spec?["parameters"]?.elements ?? [], .templateRule, &patterns)
        claims.check(spec?["claim"]?["parameters"]?.elements ?? [], .claimRule, &patterns)
        claims.checkVariables(spec?["claim"]?["parameters"]?.elements ?? [])
        return rules.problems + claims.problems
    }

    private mutating func check(_ elements: [DocumentReader], _ shape: Shape, _ patterns: inout PatternCache) {
        for element in elements where problems.count < Diagnostic.mostInFile {
            // Errors of the shape are already reported.
            var check = ShapeCheck(element.tree)
            check.check(element.index, shape, name: .text(""))
            guard check.problems.isEmpty, let rule = ParameterRule(element) else { continue }
            if let line = seen[rule.name] {
                report(
                    element, "name", "duplicate parameter \"\(rule.name)\", first at line \(line)",
                    hint: "rename or remove one of the two")
            }
            seen[rule.name] = element.position.line
            checkKind(of: rule, element)
            checkValues(of: rule, element, &patterns)
            if element["secret"]?.boolean == true { checkSecret(rule, element) }
        }
    }

    private mutating func checkKind(of rule: ParameterRule, _ element: DocumentReader) {
        let isNumeric = rule.kind == .number || rule.kind == .integer
        if rule.minimum != nil, !isNumeric { requires("number or integer", "minimum", rule, element) }
        if rule.maximum != nil, !isNumeric { requires("number or integer", "maximum", rule, element) }
        if rule.pattern != nil, rule.kind != .string { requires("string", "pattern", rule, element) }
        if let minimum = rule.minimum, let maximum = rule.maximum, minimum > maximum {
            report(
                element, "maximum",
                "invalid maximum: expected at least the minimum \(minimum.shortText), found \(maximum.shortText)")
        }
    }

    private mutating func checkValues(
        of rule: ParameterRule, _ element: DocumentReader, _ patterns: inout PatternCache
    ) {
        let bare = ParameterRule(name: rule.name, kind: rule.kind)
        for value in rule.allowed ?? [] {
            guard let problem = bare.problem(with: value, patterns: &patterns) else { continue }
            report(element, "enum", "invalid enum of \"\(rule.name)\": a value \(problem)")
        }
        if let standard = rule.standard, let problem = rule.problem(with: standard, patterns: &patterns) {
            report(element, "default", "invalid default of \"\(rule.name)\": it \(problem)")
        }
    }

    /// Reports an error if a secret is no text, or if the manifest has its value.
    private mutating func checkSecret(_ rule: ParameterRule, _ element: DocumentReader) {
        if rule.kind != .string { requires("string", "secret", rule, element) }
        for key in ["default", "enum"] where element[key] != nil {
            report(
                element, key, "invalid \(key): \"\(rule.name)\" is a secret, and a manifest must not have its value",
                hint: "remove \(key)")
        }
    }

    /// Reports an error if two parameters become the same environment variable.
    private mutating func checkVariables(_ elements: [DocumentReader]) {
        var names: [String: String] = [:]
        for element in elements {
            guard let name = element["name"]?.text, let other = names.updateValue(name, forKey: name.variableName),
                other != name
            else { continue }
            report(
                element, "name",
                "the parameters \"\(other)\" and \"\(name)\" both become PREWARM_CLAIM_\(name.variableName)",
                hint: "rename one of the two")
        }
    }

    private mutating func requires(_ types: String, _ key: String, _ rule: ParameterRule, _ element: DocumentReader) {
        report(
            element, key,
            "invalid \(key): it requires the type \(types), but \"\(rule.name)\" has the type \(rule.kind.rawValue)",
            hint: "remove \(key), or change the type")
    }

    private mutating func report(_ element: DocumentReader, _ key: String, _ message: String, hint: String? = nil) {
        problems.append(Diagnostic(.error, at: (element[key] ?? element).position, message, hint: hint))
    }
}
