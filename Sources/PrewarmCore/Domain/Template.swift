/// What workspaces are made of. A preset whose template has no manifest has an opaque name, and goes to the default
/// provisioner.
package struct Template: Hashable, Sendable {
    package let name: String
    package let labels: [String: String]
    package let annotations: [String: String]
    package let origin: Origin
    /// By the name that the operator's configuration gives it; nil: the default one.
    package let provisioner: String?
    /// Presets that pin another version are inactive: scaled to zero.
    package let activeVersion: String?
    package let parameters: [ParameterRule]
    package let deprecated: Deprecation?
    /// See ``Preset/readyTimeout``.
    package let readyTimeout: Duration?

    package init(
        name: String, labels: [String: String] = [:], annotations: [String: String] = [:], origin: Origin,
        provisioner: String? = nil, activeVersion: String? = nil, parameters: [ParameterRule] = [],
        deprecated: Deprecation? = nil, readyTimeout: Duration? = nil
    ) {
        self.name = name
        self.labels = labels
        self.annotations = annotations
        self.origin = origin
        self.provisioner = provisioner
        self.activeVersion = activeVersion
        self.parameters = parameters
        self.deprecated = deprecated
        self.readyTimeout = readyTimeout
    }
}

/// Where a manifest stands: its path in the repository and the line of its name.
package struct Origin: Hashable, Sendable {
    package let file: String
    package let line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }
}

/// Why nobody should use a preset or template any more.
package struct Deprecation: Hashable, Sendable {
    package let message: String?
    /// The name of what to use in its place.
    package let replacement: String?

    package init(message: String? = nil, replacement: String? = nil) {
        self.message = message
        self.replacement = replacement
    }
}

/// What a template demands of one parameter.
package struct ParameterRule: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case string, number, integer, boolean
    }

    package let name: String
    package let kind: Kind
    package let description: String?
    /// Nil: any value.
    package let allowed: [ParameterValue]?
    package let minimum: Double?
    package let maximum: Double?
    /// A ``Pattern`` that a string must match somewhere, as in JSON Schema.
    package let pattern: String?
    package let isRequired: Bool
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
        writer.write(readyTimeout?.components.seconds)
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
        readyTimeout = try reader.read(Int64?.self).map { .seconds($0) }
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

extension Deprecation: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(message)
        writer.write(replacement)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        message = try reader.read()
        replacement = try reader.read()
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
