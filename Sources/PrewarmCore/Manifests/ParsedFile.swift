/// The content of one manifest file, before references to other files are resolved.
///
/// It depends only on the bytes of the file and contains no path, so it is cached by the blob's id.
package struct ParsedFile: Hashable, Sendable {
    package var presets: [PresetDraft] = []
    package var templates: [TemplateDraft] = []
    /// The errors and warnings of the file. Their `file` is empty.
    package var diagnostics: [Diagnostic] = []
    /// The presets and templates that have errors. If one of that name is applied, it stays.
    package var invalid: [InvalidDocument] = []
    /// The number of documents that are not prewarm manifests.
    package var foreignDocuments = 0
    /// True if an error hides the rest of the file. Everything that is applied from its path stays.
    package var isUnreadable = false
    /// True if the file contains no manifest, but may have contained one before an editing error. Everything that is
    /// applied from its path stays.
    package var isDoubtful = false
    /// The documents with the kind and name of a manifest whose `apiVersion` is almost right. If a preset or template
    /// of that name is applied, from any path, it stays.
    package var doubtful: [InvalidDocument] = []
    /// The manifests inside comments or texts of the file. If a preset or template of that name is applied from the
    /// path of this file, it stays.
    package var setAside: [InvalidDocument] = []
    /// The number of errors that are not kept in ``diagnostics`` while the file is parsed. It is not encoded.
    package var omittedErrors = 0
    /// True if an error may hide a template, so that presets may refer to templates that no file seems to define.
    package var hidesTemplates = false
    /// False if the result also depends on the machine, so that it must not be cached. It is not encoded.
    package var isOfBytesAlone = true

    package init() {}

    /// Returns the result for a file that is not read because it is far too large for a manifest. Everything that is
    /// applied from its path stays.
    /// - Parameter limit: the largest size that is read, in bytes.
    package static func tooLarge(limit: Int) -> ParsedFile {
        var file = ParsedFile()
        file.foreignDocuments = 1
        file.isDoubtful = true
        file.diagnostics = [
            Diagnostic(
                .warning, "the file is larger than \(limit / 1024) KiB, so it is not read",
                hint: "add it to `exclude` of the source if it contains no manifests, otherwise split it")
        ]
        return file
    }

    /// True if the file has no document: it is empty, or has only comments.
    var isEmpty: Bool { !isOurs && diagnostics.isEmpty && doubtful.isEmpty && foreignDocuments == 0 }

    /// True if the file counts for the limit of manifest files.
    package var isOurs: Bool { !presets.isEmpty || !templates.isEmpty || !invalid.isEmpty || isUnreadable }

    /// Returns the result for a file that is too large to parse, as an error.
    /// - Parameters:
    ///   - message: the limit that the file exceeds.
    ///   - hidesTemplates: see ``hidesTemplates``.
    package static func tooLarge(_ message: String, hidesTemplates: Bool) -> ParsedFile {
        var file = ParsedFile()
        file.isUnreadable = true
        file.hidesTemplates = hidesTemplates
        file.diagnostics = [
            Diagnostic(
                .error, message,
                hint: "split it into several files, or add it to `exclude` of the source if it contains no manifests")
        ]
        return file
    }
}

/// A document that is a preset or template, but not a valid one.
package struct InvalidDocument: Hashable, Sendable {
    /// True for a preset, false for a template.
    package let isPreset: Bool
    /// The name; nil if the name itself has an error.
    package let name: String?

    package init(isPreset: Bool, name: String?) {
        self.isPreset = isPreset
        self.name = name
    }
}

/// A preset as its manifest defines it. It is valid, but its references are not resolved yet.
package struct PresetDraft: Hashable, Sendable {
    package var name: Located<String>
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var template: Located<String>
    package var version: Located<String>?
    /// The position of `spec`, at which missing keys are reported.
    package var spec: Position
    package var parameters: [String: Located<ParameterValue>] = [:]
    package var instances: Int
    package var ttlSeconds: Int64?
    package var schedule: Schedule?
    package var strategy = RolloutStrategy.standard
    package var failureLimit = Preset.standardFailureLimit
    package var deprecated: Deprecation?
    /// The position of `deprecated.replacement`.
    package var replacement: Position?
    package var isSuspended = false
    package var options = PoolOptions()
    package var lease: LeasePolicy?

    package init(name: Located<String>, template: Located<String>, spec: Position, instances: Int) {
        self.name = name
        self.template = template
        self.spec = spec
        self.instances = instances
    }
}

/// A template as its manifest defines it. It is valid, but its references are not resolved yet.
package struct TemplateDraft: Hashable, Sendable {
    package var name: Located<String>
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var provisioner: Located<String>?
    package var activeVersion: String?
    package var parameters: [ParameterRule] = []
    package var deprecated: Deprecation?
    /// The position of `deprecated.replacement`.
    package var replacement: Position?
    package var readyTimeoutSeconds: Int64?
    /// The value of `claim` with its position; nil if the template has none.
    package var handover: Located<HandoverSpec>?
    package var health: Health?

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
        writer.write(deprecated?.redirects ?? false)
        writer.write(replacement)
        writer.write(isSuspended)
        writer.write(options)
        writer.write(lease)
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
        if try reader.read(Bool.self) { deprecated?.redirects = true }
        replacement = try reader.read()
        isSuspended = try reader.read()
        options = try reader.read()
        lease = try reader.read()
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
        writer.write(handover)
        writer.write(health)
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
        handover = try reader.read()
        health = try reader.read()
    }
}
