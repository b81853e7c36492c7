/// The template of workspaces: its provisioner, active version and parameter rules. A preset may name a template
/// without a manifest. Its name is then opaque, and the preset uses the default provisioner.
package struct Template: Hashable, Sendable {
    package let name: String
    package let labels: [String: String]
    package let annotations: [String: String]
    package let origin: Origin
    /// The name of the provisioner in the operator's configuration; nil for the default provisioner.
    package let provisioner: String?
    /// The active version. Presets that pin another version are inactive, so their pools are scaled to zero. If it is
    /// nil, presets name their versions.
    package let activeVersion: String?
    package let parameters: [ParameterRule]
    package let deprecated: Deprecation?
    /// See ``Preset/readyTimeout``.
    package let readyTimeout: Duration?
    /// The handover of a claimed workspace; nil if the manifest has no `claim`.
    package let handover: HandoverSpec?
    package let health: Health?

    package init(
        name: String, labels: [String: String] = [:], annotations: [String: String] = [:], origin: Origin,
        provisioner: String? = nil, activeVersion: String? = nil, parameters: [ParameterRule] = [],
        deprecated: Deprecation? = nil, readyTimeout: Duration? = nil, handover: HandoverSpec? = nil,
        health: Health? = nil
    ) {
        self.health = health
        self.name = name
        self.labels = labels
        self.annotations = annotations
        self.origin = origin
        self.provisioner = provisioner
        self.activeVersion = activeVersion
        self.parameters = parameters
        self.deprecated = deprecated
        self.readyTimeout = readyTimeout
        self.handover = handover
    }
}

/// The place of a manifest: its path in the repository and the line of its name.
package struct Origin: Hashable, Sendable {
    package let file: String
    /// The line, from 1.
    package let line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }
}

/// The reason why a preset or template is deprecated, and its replacement.
package struct Deprecation: Hashable, Sendable {
    package let message: String?
    /// The name of the preset or template to use instead.
    package let replacement: String?
    /// True if claims of the preset get workspaces of its replacement. It is always false for a template.
    package internal(set) var redirects: Bool

    package init(message: String? = nil, replacement: String? = nil, redirects: Bool = false) {
        self.message = message
        self.replacement = replacement
        self.redirects = redirects
    }

    /// The largest number of redirects from a preset to the one that its claims get workspaces of.
    package static let mostRedirects = 8
}

/// The rule of a template for one parameter.
package struct ParameterRule: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case string, number, integer, boolean
    }

    package let name: String
    package let kind: Kind
    package let description: String?
    /// The allowed values (`enum`); nil if any value is allowed.
    package let allowed: [ParameterValue]?
    package let minimum: Double?
    package let maximum: Double?
    /// A ``Pattern`` that a string has to match somewhere, as in JSON Schema.
    package let pattern: String?
    package let isRequired: Bool
    /// The `default` of the parameter.
    package let standard: ParameterValue?

    package init(
        name: String, kind: Kind, description: String? = nil, allowed: [ParameterValue]? = nil, minimum: Double? = nil,
        maximum: Double? = nil, pattern: String? = nil, isRequired: Bool = false, standard: ParameterValue? = nil
    ) {
        self.name = name
        self.kind = kind
        self.description = description
        self.allowed = allowed
        self.minimum = minimum
        self.maximum = maximum
        self.pattern = pattern
        self.isRequired = isRequired
        self.standard = standard
    }
}

extension Template: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(name)
        writer.write(labels)
        writer.write(annotations)
        writer.write(origin)
        writer.write(provisioner)
        writer.write(activeVersion)
        writer.write(parameters)
        writer.write(deprecated)
        writer.write(StoredReadiness(readyTimeout: readyTimeout, health: health))
        writer.write(handover)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        name = try reader.read()
        labels = try reader.read()
        annotations = try reader.read()
        origin = try reader.read()
        provisioner = try reader.read()
        activeVersion = try reader.read()
        parameters = try reader.read()
        deprecated = try reader.read()
        let readiness = try reader.read(StoredReadiness.self)
        readyTimeout = readiness.readyTimeout
        health = readiness.health
        // Versions before the handover stored no such part.
        handover = reader.isAtEnd ? nil : try reader.read()
    }
}

extension Origin: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(file)
        writer.write(line)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        file = try reader.read()
        line = try reader.read()
    }
}

/// The binary form has no ``Deprecation/redirects``, as in earlier versions. Presets and their drafts store it beside.
extension Deprecation: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(message)
        writer.write(replacement)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        message = try reader.read()
        replacement = try reader.read()
        redirects = false
    }
}

extension ParameterRule: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(name)
        writer.write(kind.rawValue)
        writer.write(description)
        writer.write(allowed)
        writer.write(minimum)
        writer.write(maximum)
        writer.write(pattern)
        writer.write(isRequired)
        writer.write(standard)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        name = try reader.read()
        guard let kind = Kind(rawValue: try reader.read()) else { throw BinaryCodingError() }
        self.kind = kind
        description = try reader.read()
        allowed = try reader.read()
        minimum = try reader.read()
        maximum = try reader.read()
        pattern = try reader.read()
        isRequired = try reader.read()
        standard = try reader.read()
    }
}
