import PrewarmCore

/// Rules for the texts of a container.
extension TextRule {
    /// A text with placeholders, which satisfies a rule as it is written.
    /// - Parameters:
    ///   - takesPorts: True if the text may have placeholders for ports, which are known only when the container runs.
    ///   - vocabulary: The placeholders that the text may have.
    ///   - rule: Returns the problem with a text whose placeholders are valid.
    static func placeholders(
        _ expected: String, minimum: Int = 1, maximum: Int, takesPorts: Bool = false,
        vocabulary: PlaceholderText.Vocabulary = .container,
        rule: @escaping @Sendable (PlaceholderText) -> String? = { _ in nil }
    ) -> TextRule {
        TextRule(expected, minimumLength: minimum, maximumLength: maximum) { text in
            let parsed: PlaceholderText
            do throws(PlaceholderText.Mistake) {
                parsed = try PlaceholderText(text, vocabulary)
            } catch {
                return TextError(message: error.message, offset: error.offset)
            }
            if text.utf8.contains(0) { return TextError(message: "expected text without NUL characters") }
            if !takesPorts, let port = parsed.placeholders.first(where: \.isPort) {
                return TextError(message: "the placeholder \(port) can only be used in endpoint")
            }
            return rule(parsed).map { TextError(message: $0) }
        }
    }

    /// The name of an image. A placeholder never selects the registry, since a registry receives the login.
    static let image = placeholders("an image, for example debian:12", maximum: 1024) { image in
        if image.contains(where: { $0.isWhitespace || $0 == "?" || $0 == "#" || $0 == "%" }) {
            return "expected an image, for example debian:12"
        }
        if case .literal(let start) = image.parts[0], start.contains("/") { return nil }
        let hasSlash = image.contains { $0 == "/" }
        return hasSlash && !image.placeholders.isEmpty
            ? "the part before the first / selects the registry, so it cannot contain a placeholder" : nil
    }

    static let volume = placeholders("the name of a volume, for example home-{id}", maximum: 255) { name in
        let isGood = !name.contains { !$0.isVolumeCharacter } && name.firstCharacter?.isVolumeMark != true
        return isGood ? nil : "expected letters, digits and . _ -, beginning with a letter or digit"
    }

    static let bindSource = placeholders("an absolute path, for example /srv/cache", maximum: 4096) { path in
        path.firstCharacter == "/" ? nil : "expected an absolute path, for example /srv/cache"
    }

    static let mountTarget = TextRule(
        "an absolute path in the container, for example /cache", pattern: "^/", minimumLength: 1, maximumLength: 4096,
        message: "expected an absolute path, for example /cache")

    static let memory = placeholders("a size in KiB, MiB or GiB, for example 512MiB", maximum: 256) { size in
        guard let text = size.literal else { return nil }
        guard let bytes = UInt64(sizeText: text) else {
            return "expected a size in KiB, MiB or GiB, for example 512MiB"
        }
        return bytes < 6 << 20 ? "expected at least 6MiB, which Docker requires" : nil
    }

    static let cpus = placeholders("a number of processors or one placeholder", maximum: 256) { cpus in
        cpus.parts.count == 1 && cpus.literal == nil
            ? nil : "expected a number, for example 1.5, or one placeholder, for example \"{parameters.cpus}\""
    }

    static let endpoint = placeholders(
        "an address, for example ssh://127.0.0.1:{ports.22}", maximum: 1024, takesPorts: true
    ) { endpoint in
        endpoint.hasSpace
            ? "expected an address without spaces, for example ssh://127.0.0.1:{ports.22}" : nil
    }

    /// The key of a label. Those that begin with `prewarm.` belong to prewarm.
    static let containerLabelKey = TextRule(
        "the key of a label: letters, digits and . _ - /", pattern: "^(?!prewarm\\.)[A-Za-z0-9][A-Za-z0-9._/-]*$",
        minimumLength: 1, maximumLength: 255
    ) { key in
        key.hasPrefix("prewarm.")
            ? TextError(message: "labels that begin with prewarm. belong to prewarm") : labelCharacters.check(key)
    }

    private static let labelCharacters = TextRule(
        "the key of a label", pattern: "^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        message: "expected letters, digits and . _ - /, beginning with a letter or digit")

    static let network = TextRule(
        "the name of a network, for example bridge", pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]*$", minimumLength: 1,
        maximumLength: 128, message: "expected the name of a network: letters, digits and _ . -")

    static let containerUser = TextRule(
        "a user, for example dev or 1000:1000", pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$",
        minimumLength: 1, maximumLength: 128)

    /// An address of the engine's machine, as numbers.
    static let address = TextRule(
        "an IP address, for example 127.0.0.1", pattern: "^[0-9a-fA-F:.]+$", minimumLength: 2, maximumLength: 45,
        message: "expected an IP address, for example 127.0.0.1 or ::1")

    static let httpPath = TextRule(
        "a path, for example /healthz", pattern: "^/[!-~]*$", minimumLength: 1, maximumLength: 1024)
}

extension PlaceholderText {
    /// The text if it has no placeholders; nil otherwise.
    var literal: String? {
        switch parts.first {
        case nil: ""
        case .literal(let text) where parts.count == 1: text
        default: nil
        }
    }

    /// Returns true if a literal part has such a character.
    fileprivate func contains(where isWanted: (Character) -> Bool) -> Bool {
        parts.contains { if case .literal(let text) = $0 { text.contains(where: isWanted) } else { false } }
    }

    /// True if a literal part has white space or a character that is not shown.
    var hasSpace: Bool { contains { $0.isWhitespace || $0.unicodeScalars.contains { !$0.isPrintable } } }

    /// The first character; nil if the text begins with a placeholder.
    fileprivate var firstCharacter: Character? {
        if case .literal(let text) = parts.first { text.first } else { nil }
    }
}

extension PlaceholderText.Placeholder {
    fileprivate var isPort: Bool { if case .port = self { true } else { false } }
}

extension Character {
    fileprivate var isVolumeMark: Bool { self == "." || self == "_" || self == "-" }
    fileprivate var isVolumeCharacter: Bool { isVolumeMark || asciiValue?.isAlphanumeric == true }
}
