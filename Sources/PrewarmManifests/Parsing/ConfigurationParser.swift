package import PrewarmCore

/// Parses the bytes of a configuration file into a ``Configuration`` and diagnostics. It is as strict as the parser of
/// manifests.
package enum ConfigurationParser {
    /// - Parameters:
    ///   - file: The path of the file as the user knows it, for diagnostics.
    ///   - repository: Returns the same name for all URLs of a repository.
    ///   - defersVariables: If true, variables of logins, secrets, provisioners and the server need not be set. Their
    ///     values are then the text `${NAME}`, so the configuration is only for commands that do not use these parts.
    ///   - environment: Returns the value for `${NAME}`.
    /// - Returns: The diagnostics, and the configuration if there are no errors.
    package static func parse(
        _ bytes: [UInt8], file: String, repository: (String) -> String = { $0 }, defersVariables: Bool = false,
        environment: @escaping (String) -> String?
    ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        guard bytes.count <= ManifestParser.sizeLimit else {
            return (
                nil,
                [
                    Diagnostic(
                        .error, file: file,
                        "invalid configuration: the file has \(bytes.count) bytes, more than the limit of "
                            + "\(ManifestParser.sizeLimit / 1024) KiB")
                ]
            )
        }
        var (tree, error) = YAMLReader.read(VariableMask.cover(bytes))
        var problems: [Diagnostic] = []
        if let error {
            problems.append(Diagnostic(.error, at: error.position, error.message, hint: error.hint))
        } else if tree.roots.count != 1 {
            problems.append(
                Diagnostic(
                    .error,
                    "invalid configuration: expected one document with kind: Config, found "
                        + tree.roots.count.counted("document")))
        }
        var expansion = Expansion(environment: environment, defers: defersVariables)
        if problems.isEmpty { problems += expansion.expand(&tree) }
        if problems.isEmpty {
            var check = ShapeCheck(tree)
            check.check(tree.roots[0], .configuration, name: .text("configuration"))
            problems = expansion.withoutDeferred(check.problems, of: tree)
        }
        var configuration: Configuration?
        if problems.isEmpty {
            let document = DocumentReader(tree: tree, index: tree.roots[0])
            var decoded = Configuration(document)
            decoded.variables = expansion.values
            problems = expansion.withoutDeferred(decoded.problems(repository), of: tree)
            configuration = decoded
        }
        let secrets = WrittenSecrets(tree)
        problems.quote(bytes, redacted: secrets.redacted)
        for index in problems.indices {
            problems[index].file = file
            problems[index].message = secrets.redacted(expansion.values.masked(problems[index].message))
            problems[index].hint = problems[index].hint.map { secrets.redacted(expansion.values.masked($0)) }
        }
        let hasErrors = problems.contains { $0.severity == .error }
        return (hasErrors ? nil : configuration, problems.sorted())
    }

    /// Returns the store that a configuration names, even if other parts of it have errors. Nil if it names none.
    package static func store(_ bytes: [UInt8], environment: @escaping (String) -> String?) -> String? {
        guard bytes.count <= ManifestParser.sizeLimit else { return nil }
        var (tree, error) = YAMLReader.read(VariableMask.cover(bytes))
        guard error == nil, let root = tree.roots.first else { return nil }
        var expansion = Expansion(environment: environment)
        _ = expansion.expand(&tree)
        return DocumentReader(tree: tree, index: root)["store"]?.text
    }
}

/// Replaces `${NAME}` with the value of the environment variable. `$${` stands for the literal text `${`.
private struct Expansion {
    let environment: (String) -> String?
    /// True if variables of parts that only some commands use need not be set.
    private let defers: Bool
    private var used: [(name: String, value: String)] = []
    /// The scalars with variables that are not set, in parts that only some commands use.
    private var deferred: Set<Int> = []

    init(environment: @escaping (String) -> String?, defers: Bool = false) {
        self.environment = environment
        self.defers = defers
    }

    /// Returns the problems without those of values whose variables are not set.
    func withoutDeferred(_ problems: [Diagnostic], of tree: YAMLTree) -> [Diagnostic] {
        guard !deferred.isEmpty else { return problems }
        let positions = Set(deferred.map(tree.position))
        return problems.filter { $0.position.map { !positions.contains($0) } ?? true }
    }

    mutating func expand(_ tree: inout YAMLTree) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        var expanded: [(index: Int, text: String, written: String)] = []
        let optional = defers ? tree.partsOfSomeCommands : []
        let templates = tree.partsWithPlaceholders
        for index in tree.nodes.indices {
            guard let scalar = tree.written(index) else { continue }
            let written = VariableMask.uncover(scalar)
            guard written.contains("${") else { continue }
            let (text, messages) = expand(written, escapesBraces: templates.contains { $0.contains(index) })
            if !messages.isEmpty, optional.contains(where: { $0.contains(index) }) {
                deferred.insert(index)
                expanded.append((index, written, written))
                continue
            }
            problems += messages.map {
                Diagnostic(
                    .error, at: tree.position(index), $0.message,
                    hint: "\($0.remedy), or write $${ for the literal text ${")
            }
            expanded.append((index, text, written))
        }
        if !expanded.isEmpty { tree = tree.replacing(expanded) }
        return problems
    }

    /// - Parameter escapesBraces: True if the text may have placeholders. Braces in the value of a variable are no
    ///   placeholders.
    private mutating func expand(
        _ text: String, escapesBraces: Bool
    ) -> (text: String, problems: [(message: String, remedy: String)]) {
        var result = ""
        var problems: [(message: String, remedy: String)] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            if start.lowerBound > rest.startIndex, rest[rest.index(before: start.lowerBound)] == "$" {
                result += rest[..<rest.index(before: start.lowerBound)] + "${"
                rest = rest[start.upperBound...]
                continue
            }
            result += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                problems.append(("invalid variable: the closing } of ${ is missing", "add }"))
                return (result, problems)
            }
            let name = String(rest[start.upperBound..<end])
            if let value = environment(name) {
                let escaped = escapesBraces ? value.replacing("{", with: "{{").replacing("}", with: "}}") : value
                result += escaped
                used.append((name, value))
                if escaped != value { used.append((name, escaped)) }
            } else {
                problems.append(("cannot replace ${\(name)}: the environment variable is not set", "set \(name)"))
            }
            rest = rest[rest.index(after: end)...]
        }
        return (result + rest, problems)
    }

    var values: VariableValues { VariableValues(used) }
}

extension YAMLTree {
    /// The nodes of a configuration that only commands with git, provisioners or the HTTP server use.
    fileprivate var partsOfSomeCommands: [Range<Int>] {
        guard let root = roots.first else { return [] }
        func range(_ index: Int) -> Range<Int> { index..<Swift.max(index + 1, Int(nodes[index].next)) }
        var parts = ["provisioners", "secrets", "server", "notifications"].compactMap { value($0, of: root).map(range) }
        for source in value("sources", of: root).map({ elements($0) }).map(Array.init) ?? [] {
            if let auth = value("auth", of: source) { parts.append(range(auth)) }
        }
        return parts
    }

    /// The nodes of a configuration whose texts may have placeholders.
    fileprivate var partsWithPlaceholders: [Range<Int>] {
        guard let root = roots.first, let provisioners = value("provisioners", of: root) else { return [] }
        let keys = ["image", "entrypoint", "command", "environment", "labels", "endpoint", "mounts", "memory", "cpus"]
        let containers = elements(provisioners).compactMap { value("container", of: $0) }.flatMap { container in
            let exec = ["readiness", "handover"].compactMap { value($0, of: container) }
                .compactMap { value("exec", of: $0) }
            return keys.compactMap { value($0, of: container) } + exec
        }
        let objects = elements(provisioners).compactMap { value("kubernetes", of: $0) }.flatMap { kubernetes in
            ["endpoint", "handover"].compactMap { value($0, of: kubernetes) }
        }
        return (containers + objects).map { index in index..<Swift.max(index + 1, Int(nodes[index].next)) }
    }
}

extension Configuration {
    init(_ document: DocumentReader) {
        store = document["store"]?.located
        sources = document["sources"]?.elements.map { Source($0) } ?? []
        provisioners = document["provisioners"]?.elements.map { Provisioner($0) } ?? []
        secrets = document["secrets"]?.texts ?? [:]
        let policy = document["policy"]
        if let limits = policy?["limits"] {
            self.limits = Policy.Limits(
                instancesPerPreset: limits["instancesPerPreset"]?.integer,
                instancesPerSource: limits["instancesPerSource"]?.integer, instances: limits["instances"]?.integer,
                actionsPerTurn: limits["actionsPerTurn"]?.integer,
                presetsPerSource: limits["presetsPerSource"]?.integer ?? Policy.Limits.standardPresetsPerSource,
                waitingClaims: limits["waitingClaims"]?.integer ?? Policy.Limits.standardWaitingClaims)
        }
        if let written = policy?["owners"] { owners = OwnerPolicy(written) }
        if let written = policy?["deletionGuard"] {
            deletionGuard.percent = written["percent"]?.integer ?? deletionGuard.percent
            deletionGuard.above = written["above"]?.integer ?? deletionGuard.above
            deletionGuard.window = written.duration("window") ?? deletionGuard.window
        }
        deletesOrphans = policy?["orphans"]?.text == "delete"
        listen = document["server"]?["listen"]?.located
        readObservation(document)
        server = document["server"].map { Server($0) } ?? Server()
    }

    /// Returns errors that a shape cannot express, for example duplicate names and more than one default.
    func problems(_ repository: (String) -> String) -> [Diagnostic] {
        var problems = Self.duplicates(sources.map(\.name), "source") + sourceProblems(repository)
        problems += Self.duplicates(provisioners.map(\.name), "provisioner")
        problems += Self.duplicates(server.webhooks.map(\.name), "webhook") + serverProblems()
        problems += Self.duplicates(server.signIn.map(\.name), "provider of sign-ins")
        problems += Self.defaults(provisioners.filter(\.isDefault).map(\.name), "provisioners")
        problems += Self.defaults(sources.filter(\.isDefault).map(\.name), "sources")
        for provisioner in provisioners {
            if let reserve = provisioner.reserve, reserve.value >= provisioner.concurrency {
                problems.append(
                    Diagnostic(
                        .error, at: reserve.position,
                        "invalid reserve: expected less than the concurrency \(provisioner.concurrency), found "
                            + "\(reserve.value). Otherwise, no pool could be filled",
                        hint: "write reserve: \(provisioner.concurrency - 1), or increase concurrency"))
            }
            problems += provisioner.container?.problems ?? provisioner.kubernetes?.problems ?? []
            for needed in ["create", "delete"] where !provisioner.operations.contains(needed) {
                problems.append(
                    Diagnostic(
                        .error, at: provisioner.name.position,
                        "invalid provisioner \"\(provisioner.name.value)\": its operations do not include \(needed)",
                        hint: "add \(needed) to operations: a pool requires create and delete"))
            }
        }
        return problems + notificationProblems()
    }

    /// - Parameter names: The names of the entries that are marked as the default.
    private static func defaults(_ names: [Located<String>], _ kind: String) -> [Diagnostic] {
        names.dropFirst().map { name in
            Diagnostic(
                .error, at: name.position,
                "invalid \(kind): both \"\(names[0].value)\" and \"\(name.value)\" have default: true",
                hint: "remove default: true from one of the two")
        }
    }

    static func duplicates(_ names: [Located<String>], _ kind: String) -> [Diagnostic] {
        var seen: [String: Int] = [:]
        return names.compactMap { name in
            defer { seen[name.value] = seen[name.value] ?? name.position.line }
            return seen[name.value].map { line in
                Diagnostic(
                    .error, at: name.position, "duplicate \(kind) \"\(name.value)\", first at line \(line)",
                    hint: "rename one of the two: names must be unique")
            }
        }
    }
}

extension Configuration.Provisioner {
    fileprivate init(_ document: DocumentReader) {
        name = document["name"]?.located ?? Located("", at: document.position)
        isDefault = document["default"]?.boolean ?? false
        command = document["command"]?.elements.map(\.text) ?? []
        commandPosition = document["command"]?.position ?? document.position
        container = document["container"].map { Configuration.Container($0) }
        kubernetes = document["kubernetes"].map { Configuration.Kubernetes($0) }
        operations =
            if container != nil || kubernetes != nil {
                Self.builtInOperations
                    + (container?.spec.handover != nil || kubernetes?.spec.handover != nil ? ["claim"] : [])
            } else {
                document["operations"]?.elements.map(\.text) ?? Self.standardOperations
            }
        timeout = document.duration("timeout") ?? Self.standardTimeout
        grace = document.duration("grace") ?? Self.standardGrace
        concurrency = document["concurrency"]?.integer ?? Self.standardConcurrency
        reserve = document["reserve"].flatMap { reserve in
            reserve.integer.map { Located($0, at: reserve.position) }
        }
        resync = document.duration("resync") ?? Policy.standardResync
        workingDirectory = document["workingDirectory"]?.text
        environment = document["environment"]?.texts ?? [:]
        inherit = document["inherit"]?.elements.map(\.text) ?? []
        secrets = document["secrets"]?.texts ?? [:]
    }
}

extension Freeze {
    init?(_ document: DocumentReader) {
        guard let cron = try? CronExpression(document["cron"]?.text ?? ""), let duration = document.duration("duration")
        else { return nil }
        self.init(
            cron: cron, duration: duration,
            timezone: document["timezone"]?.text ?? Configuration.standardFreezeTimezone,
            allowed: Set(document["allow"]?.elements.compactMap { Action.Kind(rawValue: $0.text) } ?? []))
    }
}

extension DocumentReader {
    func duration(_ key: String) -> Duration? { self[key].flatMap { Duration(prewarm: $0.text) } }
}
