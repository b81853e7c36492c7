extension ParameterRule {
    /// What is wrong with the value, as the end of a sentence that begins with the parameter; nil where nothing is.
    /// A secret is not looked into: its value is not known here.
    package func problem(with value: ParameterValue) -> String? {
        var patterns = PatternCache()
        return problem(with: value, patterns: &patterns)
    }

    /// The same, where many values are checked.
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
        guard text.utf8.count <= 4096 else { return "is longer than 4096 bytes, too long to be matched with a pattern" }
        do throws(PatternCache.Failure) {
            if try patterns.matches(text, pattern) { return nil }
            return "is \"\(text.shortened)\", which does not match \(pattern.limited(to: 120))"
        } catch {
            switch error {
            // Manifests with such patterns are refused before: this one was read otherwise.
            case .unusable(let error): return "can't be matched with \(pattern.limited(to: 120)): \(error.message)"
            case .valueTooExpensive:
                return "takes more than \(PatternCache.stepsPerValue) steps to match with \(pattern.limited(to: 120)): "
                    + "shorten it, or simplify the pattern"
            case .budgetUsedUp:
                return "cannot be checked: the patterns of its file or source take too many steps in all; "
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

    /// `1` and `1.0` are the same number.
    fileprivate func isEqual(to other: ParameterValue) -> Bool {
        switch (self, other) {
        case (.integer(let left), .number(let right)), (.number(let right), .integer(let left)): Double(left) == right
        default: self == other
        }
    }
}

extension ParameterRule.Kind {
    /// In a sentence: `an integer`.
    package var text: String { self == .integer ? "an integer" : "a \(rawValue)" }
}

extension Double {
    /// Without `.0`.
    package var shortText: String {
        self == rounded() && abs(self) < 1e15 ? "\(Int64(self))" : "\(self)"
    }
}
