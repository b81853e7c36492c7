extension ParameterRule {
    /// Returns the problem with a value; nil if the value follows the rule.
    ///
    /// The problem is the end of a sentence that begins with the parameter, for example `is 65, expected at most 64`.
    /// Values of secrets are not known here, so they are not checked.
    package func problem(with value: ParameterValue, patterns: inout PatternCache) -> String? {
        switch (kind, value) {
        case (.string, .secret): return nil
        case (.string, .string(let text)): return problem(allowing: value) ?? problem(matching: text, &patterns)
        case (.boolean, .boolean): return problem(allowing: value)
        case (.integer, .integer(let number)):
            return problem(allowing: value) ?? problem(bounding: Double(number), "\(number)")
        case (.integer, .number(let number)) where number == number.rounded() && abs(number) < 1e15:
            return problem(allowing: value) ?? problem(bounding: number, "\(number)")
        case (.number, .integer(let number)):
            return problem(allowing: value) ?? problem(bounding: Double(number), "\(number)")
        case (.number, .number(let number)): return problem(allowing: value) ?? problem(bounding: number, "\(number)")
        default: return "is \(value.kindText), expected \(kind.text)"
        }
    }

    private func problem(allowing value: ParameterValue) -> String? {
        guard let allowed, !allowed.contains(where: { $0.isEqual(to: value) }) else { return nil }
        return "is \(value.literal), expected one of \(allowed.prefix(10).map(\.literal).joined(separator: ", "))"
            + (allowed.count > 10 ? " and \(allowed.count - 10) more" : "")
    }

    private func problem(bounding number: Double, _ text: String) -> String? {
        if let minimum, number < minimum { return "is \(text), expected at least \(minimum.shortText)" }
        if let maximum, number > maximum { return "is \(text), expected at most \(maximum.shortText)" }
        return nil
    }

    private func problem(matching text: String, _ patterns: inout PatternCache) -> String? {
        guard let pattern else { return nil }
        guard text.utf8.count <= 4096 else { return "is longer than 4096 bytes, the limit for a value with a pattern" }
        do throws(PatternCache.Failure) {
            if try patterns.matches(text, pattern) { return nil }
            return "is \"\(text.shortened)\", which does not match \(pattern.limited(to: 120))"
        } catch {
            switch error {
            // The parser refuses such patterns, so this rule did not come from it.
            case .unusable(let error): return "cannot be matched with \(pattern.limited(to: 120)): \(error.message)"
            case .valueTooExpensive:
                return "takes more than \(PatternCache.stepsPerValue) steps to match with \(pattern.limited(to: 120)): "
                    + "shorten it, or simplify the pattern"
            case .budgetUsedUp:
                return "cannot be checked: the patterns of its file or source take too many steps in total; "
                    + "simplify the patterns of the templates"
            }
        }
    }
}

extension ParameterValue {
    /// The value as a manifest writes it, shortened for a message.
    package var literal: String {
        switch self {
        case .string(let value): "\"\(value.shortened)\""
        case .integer(let value): "\(value)"
        case .number(let value): value.shortText
        case .boolean(let value): "\(value)"
        case .secret(let name): "the secret \(name)"
        }
    }

    fileprivate var kindText: String {
        switch self {
        case .string: "the text \(literal)"
        case .integer, .number: "the number \(literal)"
        case .boolean: literal
        case .secret: literal
        }
    }

    /// Returns true if the values are equal. The integer `1` and the number `1.0` are equal.
    fileprivate func isEqual(to other: ParameterValue) -> Bool {
        switch (self, other) {
        case (.integer(let left), .number(let right)), (.number(let right), .integer(let left)): Double(left) == right
        default: self == other
        }
    }
}

extension ParameterRule.Kind {
    /// The kind with its article, for example `an integer`.
    package var text: String { self == .integer ? "an integer" : "a \(rawValue)" }
}

extension Double {
    /// The number as text, without `.0` for whole numbers.
    package var shortText: String {
        self == rounded() && abs(self) < 1e15 ? "\(Int64(self))" : "\(self)"
    }
}
