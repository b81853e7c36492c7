import PrewarmCore

extension TextRule {
    /// An RFC 1123 label, which is the form of a DNS label.
    static let name = TextRule(
        "a name of a-z, 0-9 and - that begins and ends with a letter or digit (RFC 1123 label)",
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", minimumLength: 1, maximumLength: 63
    ) { text in
        let last = text.utf8.count - 1
        for (index, byte) in text.utf8.enumerated() {
            let isAlphanumeric = (97...122).contains(byte) || (48...57).contains(byte)
            let isInside = index > 0 && index < last
            if !isAlphanumeric, !(byte == 45 && isInside) {
                return TextError(
                    message: "expected a name of a-z, 0-9 and - that begins and ends with a letter or digit",
                    offset: String(decoding: text.utf8.prefix(index), as: UTF8.self).unicodeScalars.count)
            }
        }
        return nil
    }

    static let version = TextRule(
        "a version, for example 1.4.2 or 2026-11", pattern: "^[A-Za-z0-9][A-Za-z0-9._+@:/-]*$", minimumLength: 1,
        maximumLength: 128, message: "expected a version of letters, digits and . _ + @ : / - such as 1.4.2")

    static let parameterName = TextRule(
        "the name of a parameter: a letter or _, then letters, digits, _ and -",
        pattern: "^[A-Za-z_][A-Za-z0-9_-]*$", minimumLength: 1, maximumLength: 64,
        message: "expected a letter or _, then letters, digits, _ and -")

    /// The name of an environment variable or of a secret.
    static let variableName = TextRule(
        "a name of letters, digits and _, for example REGISTRY_TOKEN", pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
        minimumLength: 1, maximumLength: 128,
        message: "expected a letter or _, then letters, digits and _, for example REGISTRY_TOKEN")

    /// The key of a label, as in Kubernetes: an optional DNS name with a slash, then a name.
    static let labelKey = TextRule(
        "the key of a label, for example team or example.org/team",
        pattern: "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        minimumLength: 1, maximumLength: 317)

    static let labelValue = TextRule(
        "the value of a label: up to 63 of letters, digits, - _ . beginning and ending with a letter or digit",
        pattern: "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$", maximumLength: 63,
        message: "expected up to 63 of letters, digits, - _ . beginning and ending with a letter or digit")

    static func text(_ expected: String, maximum: Int) -> TextRule {
        TextRule(expected, minimumLength: 1, maximumLength: maximum)
    }

    static func choice(_ choices: [String]) -> TextRule {
        TextRule((choices.count > 1 ? "one of " : "") + choices.joined(separator: ", "), choices: choices)
    }

    /// A duration of at least `minimum`.
    static func duration(minimum: Duration) -> TextRule {
        let floor = minimum.prewarmText
        let expected = "a duration of at least \(floor), for example 90s, 15m, 24h or 7d"
        return TextRule(expected, pattern: Duration.prewarmPattern) { text in
            guard let duration = Duration(prewarm: text) else { return TextError(message: "expected \(expected)") }
            return duration < minimum ? TextError(message: "expected at least \(floor)") : nil
        }
    }

    static let percentage = TextRule("a percentage, for example 25%", pattern: "^(100|[0-9]{1,2})%$") { text in
        guard let percent = IntOrPercent.percent(text) else {
            return TextError(message: "expected a whole number or a percentage, for example 1 or 25%")
        }
        return percent <= 100 ? nil : TextError(message: "expected at most 100%")
    }

    static let cron = TextRule(
        reading: CronExpression.init, "five fields of cron, for example \"* 8-18 * * 1-5\"",
        pattern: "^\\s*\\S+(\\s+\\S+){4}\\s*$")

    static let timezone = TextRule(
        "an IANA time zone, for example Europe/Berlin", pattern: "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$",
        maximumLength: 64)

    /// A regular expression in the part of ECMA-262 that ``Pattern`` supports.
    static let regularExpression = TextRule(
        reading: Pattern.init, "a regular expression", minimumLength: 1, maximumLength: 512)
}

extension IntOrPercent {
    /// Reads a percentage, for example `25%`. Nil if the text is not a percentage.
    init?(percentText text: String) {
        guard let percent = Self.percent(text) else { return nil }
        self = .percent(percent)
    }

    fileprivate static func percent(_ text: String) -> Int? {
        guard text.utf8.last == UInt8(ascii: "%") else { return nil }
        let digits = text.dropLast()
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            digits.utf8.count < 3 || digits.first != "0"
        else {
            return nil
        }
        return Int(digits)
    }
}

extension UInt8 {
    var isAlphanumeric: Bool {
        (65...90).contains(self) || (97...122).contains(self) || (48...57).contains(self)
    }
}
