/// What one manifest file says by itself, before references to other files are followed.
///
/// It follows from the bytes alone and knows no path, so that it can be kept by the blob's id.
package struct ParsedFile: Hashable, Sendable {
    package var presets: [PresetDraft] = []
    package var templates: [TemplateDraft] = []
    /// With an empty `file`.
    package var diagnostics: [Diagnostic] = []
    /// Presets and templates that are meant to be there, but that have errors: what is in force of that name stays.
    package var invalid: [InvalidDocument] = []
    /// Documents that are no manifests of ours.
    package var foreignDocuments = 0
    /// True where an error hides what else the file holds: whatever was in force from its path stays.
    package var isUnreadable = false
    /// True where it is none of ours as it stands, but may be what an error made of one that was: what was in force from
    /// its path stays.
    package var isDoubtful = false
    /// Documents that say by their kind and name what they are, and by their apiVersion almost that they are ours: what
    /// is in force of that name stays, wherever it was.
    package var doubtful: [InvalidDocument] = []
    /// Documents that comments or texts of the file may hold: what is in force of that name, and from its path, stays.
    package var setAside: [InvalidDocument] = []
    /// The number of errors that are not among ``diagnostics``, while the file is parsed. Not encoded.
    package var omittedErrors = 0
    /// True where what an error hides may be a template, so that a name which is nowhere else is not one of nothing.
    package var hidesTemplates = false
    /// False where the bytes say something else on another machine: then it is not to be kept. Not encoded.
    package var isOfBytesAlone = true

    package init() {}

    /// A file of which no byte was read. It is far too large for a manifest: it keeps what is applied from its own path.
    package static func tooLarge(limit: Int) -> ParsedFile {
        var file = ParsedFile()
        file.foreignDocuments = 1
        file.isDoubtful = true
        file.diagnostics = [
            Diagnostic(
                .warning, "the file is larger than \(limit / 1024) KiB, and is not read",
                hint: "exclude it in the configuration if it holds no manifests")
        ]
        return file
    }

    /// Whether the file counts for the limit of manifest files.
    package var isOurs: Bool { !presets.isEmpty || !templates.isEmpty || !invalid.isEmpty || isUnreadable }

    /// - Parameter hidesTemplates: as ``hidesTemplates``.
    package static func tooLarge(_ message: String, hidesTemplates: Bool) -> ParsedFile {
        var file = ParsedFile()
        file.isUnreadable = true
        file.hidesTemplates = hidesTemplates
        file.diagnostics = [
            Diagnostic(
                .error, message,
                hint: "split it into several files, or exclude it in the configuration if it holds no manifests")
        ]
        return file
    }
}

package struct InvalidDocument: Hashable, Sendable {
    package let isPreset: Bool
    /// Nil where even the name has an error.
    package let name: String?

    package init(isPreset: Bool, name: String?) {
        self.isPreset = isPreset
        self.name = name
    }
}

/// A preset as its manifest writes it: valid by itself, references not followed yet.
package struct PresetDraft: Hashable, Sendable {
    package var name: Located<String>
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var template: Located<String>
    package var version: Located<String>?
    /// Where `spec` stands, for what is missing in it.
    package var spec: Position
    package var parameters: [String: Located<ParameterValue>] = [:]
    package var instances: Int
    package var ttlSeconds: Int64?
    package var schedule: Schedule?
    package var strategy = RolloutStrategy.standard
    package var failureLimit = Preset.standardFailureLimit
    package var deprecated: Deprecation?
    /// Of `deprecated.replacement`.
    package var replacement: Position?
    package var isSuspended = false
    package var options = PoolOptions()

    package init(name: Located<String>, template: Located<String>, spec: Position, instances: Int) {
        self.name = name
        self.template = template
        self.spec = spec
        self.instances = instances
    }
}

package struct TemplateDraft: Hashable, Sendable {
    package var name: Located<String>
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var provisioner: Located<String>?
    package var activeVersion: String?
    package var parameters: [ParameterRule] = []
    package var deprecated: Deprecation?
    package var replacement: Position?
    package var readyTimeoutSeconds: Int64?

    package init(name: Located<String>) {
        self.name = name
    }
}

extension ParsedFile: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(presets)
        writer.write(templates)
        writer.write(diagnostics)
        writer.write(invalid)
        writer.write(foreignDocuments)
        writer.write(isUnreadable)
        writer.write(hidesTemplates)
        writer.write(isDoubtful)
        writer.write(doubtful)
        writer.write(setAside)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        presets = try reader.read()
        templates = try reader.read()
        diagnostics = try reader.read()
        invalid = try reader.read()
        foreignDocuments = try reader.read()
        isUnreadable = try reader.read()
        hidesTemplates = try reader.read()
        isDoubtful = try reader.read()
        doubtful = try reader.read()
        setAside = try reader.read()
    }
}

extension InvalidDocument: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(isPreset)
        writer.write(name)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        isPreset = try reader.read()
        name = try reader.read()
    }
}

extension PresetDraft: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(name)
        writer.write(labels)
        writer.write(annotations)
        writer.write(template)
        writer.write(version)
        writer.write(spec)
        writer.write(parameters)
        writer.write(instances)
        writer.write(ttlSeconds)
        writer.write(schedule)
        writer.write(strategy)
        writer.write(failureLimit)
        writer.write(deprecated)
        writer.write(replacement)
        writer.write(isSuspended)
        writer.write(options)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        name = try reader.read()
        labels = try reader.read()
        annotations = try reader.read()
        template = try reader.read()
        version = try reader.read()
        spec = try reader.read()
        parameters = try reader.read()
        instances = try reader.read()
        ttlSeconds = try reader.read()
        schedule = try reader.read()
        strategy = try reader.read()
        failureLimit = try reader.read()
        deprecated = try reader.read()
        replacement = try reader.read()
        isSuspended = try reader.read()
        options = try reader.read()
    }
}

extension TemplateDraft: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(name)
        writer.write(labels)
        writer.write(annotations)
        writer.write(provisioner)
        writer.write(activeVersion)
        writer.write(parameters)
        writer.write(deprecated)
        writer.write(replacement)
        writer.write(readyTimeoutSeconds)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        name = try reader.read()
        labels = try reader.read()
        annotations = try reader.read()
        provisioner = try reader.read()
        activeVersion = try reader.read()
        parameters = try reader.read()
        deprecated = try reader.read()
        replacement = try reader.read()
        readyTimeoutSeconds = try reader.read()
    }
}
