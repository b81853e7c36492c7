import PrewarmCore

/// Reads values of a document that was checked against its shape, so that each value is valid or absent.
struct DocumentReader {
    let tree: YAMLTree
    let index: Int

    subscript(_ key: String) -> DocumentReader? {
        guard let value = tree.value(key, of: index), !tree.isNull(value) else { return nil }
        return DocumentReader(tree: tree, index: value)
    }

    var position: Position { tree.position(index) }
    var text: String { tree.text(index) ?? "" }
    var located: Located<String> { Located(text: text, at: position) }

    var integer: Int? {
        if case .integer(let value) = tree.resolution(index) { Int(value) } else { nil }
    }

    var number: Double? {
        switch tree.resolution(index) {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    var boolean: Bool? {
        if case .boolean(let value) = tree.resolution(index) { value } else { nil }
    }

    var elements: [DocumentReader] { tree.elements(index).map { DocumentReader(tree: tree, index: $0) } }

    var texts: [String: String] { dictionary(\.text) }

    var parameter: ParameterValue {
        switch tree.resolution(index) {
        case nil: .secret(self["valueFrom"]?["secret"]?.text ?? "")
        case .null: .string("")
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .text: .string(tree.written(index) ?? "")
        }
    }

    /// Returns the keys and the converted values of a mapping.
    func dictionary<Value>(_ value: (DocumentReader) -> Value) -> [String: Value] {
        var values = [String: Value](minimumCapacity: tree.pairs(index).reduce(0) { count, _ in count + 1 })
        for pair in tree.pairs(index) {
            guard let key = tree.written(pair.key) else { continue }
            values[key] = value(DocumentReader(tree: tree, index: pair.value))
        }
        return values
    }

    /// The value of `deprecated: true` or `deprecated: {…}`. Nil for `deprecated: false`.
    var deprecation: Deprecation? {
        if let boolean { return boolean ? Deprecation() : nil }
        return Deprecation(
            message: self["message"]?.text, replacement: self["replacement"]?.text,
            redirects: self["redirect"]?.boolean ?? false)
    }
}

extension PresetDraft {
    init?(_ document: DocumentReader) {
        guard let metadata = document["metadata"], let name = metadata["name"], let spec = document["spec"],
            let template = spec["template"], let instances = spec["instances"]?.integer
        else { return nil }
        self.init(name: name.located, template: template.located, spec: spec.position, instances: instances)
        labels = metadata["labels"]?.texts ?? [:]
        annotations = metadata["annotations"]?.texts ?? [:]
        version = spec["version"]?.located
        parameters = spec["parameters"]?.dictionary { Located($0.parameter, at: $0.position) } ?? [:]
        ttlSeconds = spec["ttl"].flatMap { Duration(prewarm: $0.text) }?.components.seconds
        schedule = spec["schedule"].map { Schedule($0) }
        strategy = spec["strategy"].map { RolloutStrategy($0) } ?? .standard
        failureLimit = spec["failureLimit"]?.integer ?? Preset.standardFailureLimit
        deprecated = spec["deprecated"]?.deprecation
        replacement = spec["deprecated"]?["replacement"]?.position
        isSuspended = spec["suspended"]?.boolean ?? false
        options = PoolOptions(spec)
        lease = spec["lease"].flatMap { LeasePolicy($0) }
    }
}

extension PoolOptions {
    fileprivate init(_ spec: DocumentReader) {
        self.init()
        canary = spec["strategy"]?["canary"]?.integer ?? canary
        mode = spec["mode"].flatMap { Mode(rawValue: $0.text) } ?? mode
        onEmpty = spec["onEmpty"].flatMap { OnEmpty(rawValue: $0.text) } ?? onEmpty
        deletionPolicy = spec["deletionPolicy"].flatMap { DeletionPolicy(rawValue: $0.text) } ?? deletionPolicy
        keepFailed = spec["keepFailed"]?.integer ?? keepFailed
        priority = spec["priority"]?.integer ?? priority
    }
}

extension Schedule {
    fileprivate init(_ document: DocumentReader) {
        self.init(
            timezone: document["timezone"]?.text ?? "",
            windows: document["windows"]?.elements.compactMap { window in
                guard let cron = try? CronExpression(window["cron"]?.text ?? ""),
                    let instances = window["instances"]?.integer
                else { return nil }
                return Window(cron: cron, instances: instances)
            } ?? [])
    }
}

extension RolloutStrategy {
    fileprivate init(_ document: DocumentReader) {
        if document["type"]?.text == "Recreate" {
            self = .recreate
        } else {
            self = .rollingUpdate(
                maxSurge: document["maxSurge"].map { IntOrPercent($0) } ?? .standardBound,
                maxUnavailable: document["maxUnavailable"].map { IntOrPercent($0) } ?? .standardBound)
        }
    }
}

extension IntOrPercent {
    /// The default of maxSurge and maxUnavailable, as in ``RolloutStrategy/standard``.
    static let standardBound = IntOrPercent.percent(25)

    fileprivate init(_ document: DocumentReader) {
        self = document.integer.map { .count($0) } ?? IntOrPercent(percentText: document.text) ?? .standardBound
    }
}

extension TemplateDraft {
    init?(_ document: DocumentReader) {
        guard let metadata = document["metadata"], let name = metadata["name"], let spec = document["spec"] else {
            return nil
        }
        self.init(name: name.located)
        labels = metadata["labels"]?.texts ?? [:]
        annotations = metadata["annotations"]?.texts ?? [:]
        provisioner = spec["provisioner"]?.located
        readyTimeoutSeconds = spec["readyTimeout"].flatMap { Duration(prewarm: $0.text) }?.components.seconds
        health = spec["health"].map { Health($0) }
        activeVersion = spec["activeVersion"]?.text
        parameters = spec["parameters"]?.elements.compactMap { ParameterRule($0) } ?? []
        deprecated = spec["deprecated"]?.deprecation
        replacement = spec["deprecated"]?["replacement"]?.position
        handover = spec["claim"].map { Located(HandoverSpec($0), at: $0.position) }
    }
}

extension HandoverSpec {
    fileprivate init(_ document: DocumentReader) {
        self.init(
            parameters: document["parameters"]?.elements.compactMap { element in
                ParameterRule(element).map { ClaimParameter($0, isSecret: element["secret"]?.boolean ?? false) }
            } ?? [],
            timeout: document.duration("timeout") ?? Self.standardTimeout,
            onFailure: document["onFailure"].flatMap { FailurePolicy(rawValue: $0.text) } ?? .replace)
    }
}

extension Health {
    fileprivate init(_ document: DocumentReader) {
        func duration(_ key: String) -> Duration? { document[key].flatMap { Duration(prewarm: $0.text) } }
        self.init(
            interval: duration("interval") ?? Self.standard.interval,
            failures: document["failures"]?.integer ?? Self.standard.failures,
            freshness: duration("freshness") ?? Self.standard.freshness)
    }
}

extension ParameterRule {
    init?(_ document: DocumentReader) {
        guard let kind = Kind(rawValue: document["type"]?.text ?? "") else { return nil }
        self.init(
            name: document["name"]?.text ?? "", kind: kind, description: document["description"]?.text,
            allowed: document["enum"]?.elements.map(\.parameter), minimum: document["minimum"]?.number,
            maximum: document["maximum"]?.number, pattern: document["pattern"]?.text,
            isRequired: document["required"]?.boolean ?? false, standard: document["default"]?.parameter)
    }
}
