import PrewarmCore

/// A folder of manifests with random changes: documents are added, edited, moved, copied, broken, fixed and deleted.
struct ManifestHistory {
    private var random: SplitMix64
    fileprivate var documents: [Document] = []
    /// The paths of files that are not YAML.
    private var rubble: Set<String> = []
    /// True if the folder contains a symbolic link, which causes a warning.
    private var hasLink = false
    /// The document that moves in two commits: its copy exists, and its original will be deleted.
    private var moving: String?

    fileprivate struct Document {
        var path: String
        var name: String
        var isTemplate = false
        /// The lines of the spec.
        var spec: [String] = []
        var isBroken = false
        /// True if the document is broken and its name cannot be read.
        var isNameless = false
        var isForeign = false
    }

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        for _ in 0..<8 { add() }
    }

    /// The texts of the files by path.
    var files: [String: String] {
        var files = Dictionary(grouping: documents, by: \.path).mapValues { documents in
            documents.map(\.text).joined(separator: "---\n")
        }
        for path in rubble { files[path] = "apiVersion: prewarm/v1\nkind: [\n" }
        if hasLink { files["shared.link"] = "elsewhere" }
        return files
    }

    /// Makes the changes of one commit: one to three.
    mutating func change() {
        for _ in 0..<(chance(80) ? 1 : 1 + below(3)) { changeOne() }
    }

    private mutating func changeOne() {
        guard !documents.isEmpty else { return add() }
        let index = below(documents.count)
        switch below(31) {
        case 0, 1: add()
        case 2: documents.remove(at: index)
        case 3: documents[index].path = path()
        case 4: documents[index].name = name(documents[index].isTemplate)
        case 5:
            var copy = documents[index]
            copy.path = path()
            documents.append(copy)
        case 6:
            documents[index].isBroken = chance(40)
            documents[index].isNameless = documents[index].isTemplate && chance(30)
        case 7:
            for index in documents.indices {
                documents[index].isBroken = false
                documents[index].isNameless = false
            }
        case 27: hasLink = chance(40)
        case 28...30:
            if let name = moving {
                documents.removeAll { $0.name == name }
                moving = nil
            } else if !documents[index].isTemplate, !documents[index].isForeign {
                var copy = documents[index]
                (copy.name, copy.path) = (self.name(false), path())
                guard copy.name != documents[index].name else { return }
                moving = documents[index].name
                documents.append(copy)
            }
        case 8: if chance(20) { rubble.insert(path()) } else { rubble = [] }
        case 9: documents.append(Document(path: path(), name: "other", isForeign: true))
        case 10...14:
            rubble = []
            hasLink = false
            for index in documents.indices { documents[index].mend() }
            // Remove documents with the same name, so that most commits have no errors.
            var seen: Set<String> = []
            documents.removeAll { !$0.isForeign && !seen.insert("\($0.isTemplate)\($0.name)").inserted }
        case 15: if chance(10) { documents = Array(documents.prefix(below(3))) }
        case 16, 17:
            let other = documents[below(documents.count)].name
            documents[index].spec.removeAll { $0.hasPrefix("deprecated") }
            documents[index].spec.append("deprecated: {replacement: \(other)}")
        default: documents[index].spec = spec(documents[index].isTemplate)
        }
    }

    private mutating func add() {
        let isTemplate = chance(15)
        documents.append(
            Document(
                path: path(), name: name(isTemplate), isTemplate: isTemplate, spec: spec(isTemplate),
                isBroken: chance(3)))
    }

    private mutating func path() -> String {
        ["a.yaml", "b.yaml", "deep/c.yaml", "deep/d.yml", "e.yaml", "f.yaml", "g.yaml"][below(7)]
    }

    /// Returns a name, usually one that no document has.
    private mutating func name(_ isTemplate: Bool) -> String {
        let names = isTemplate ? (0..<3).map { "t\($0)" } : (0..<14).map { "p\($0)" }
        let free = names.filter { name in !documents.contains { $0.name == name } }
        let choice = free.isEmpty || chance(10) ? names : free
        return choice[below(choice.count)]
    }

    private mutating func spec(_ isTemplate: Bool) -> [String] {
        if isTemplate {
            return lines([
                (30, "activeVersion: \"\(1 + below(2))\""), (10, "deprecated: true"), (10, "readyTimeout: 60s"),
                (10, "parameters: [{name: cpu, type: integer, maximum: \(4 + below(4))}]"),
            ])
        }
        return ["template: t\(below(4))", "instances: \(below(5))"]
            + lines([
                (98, "version: \"\(1 + below(3))\""), (30, "ttl: \(1 + below(3))h"),
                (5, "parameters: {token: {valueFrom: {secret: known}}}"),
                (2, "parameters: {token: {valueFrom: {secret: missing}}}"),
                (20, "parameters: {cpu: \(below(8))}"),
                (15, "strategy: {type: Recreate}"), (15, "strategy: {maxSurge: 0, maxUnavailable: 1, canary: 0}"),
                (
                    20,
                    "schedule: {timezone: Europe/Berlin, windows: [{cron: \"* 8-18 * * *\", instances: \(below(6))}]}"
                ),
                (3, "deprecated: {replacement: p\(below(14))}"), (5, "suspended: true"), (5, "mode: observe"),
                (10, "deletionPolicy: \(["Confirm", "Retain"][below(2)])"), (10, "keepFailed: 1"),
                (10, "priority: \(below(3))"), (10, "failureLimit: 1"),
            ])
    }

    /// Chooses lines, each with its chance in percent. Of two lines with the same key, the first is kept.
    private mutating func lines(_ choices: [(Int, String)]) -> [String] {
        var keys: Set<Substring> = []
        var lines: [String] = []
        for (percent, line) in choices where chance(percent) {
            if let key = line.split(separator: ":").first, keys.insert(key).inserted { lines.append(line) }
        }
        return lines
    }

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

extension ManifestHistory.Document {
    /// Removes the faults of a document and its references to removed documents.
    fileprivate mutating func mend() {
        isBroken = false
        isNameless = false
        spec.removeAll { $0.hasPrefix("parameters") || $0.hasPrefix("deprecated: {") }
        if !isTemplate, !spec.contains(where: { $0.hasPrefix("version") }) { spec.append("version: \"1\"") }
    }

    fileprivate var text: String {
        if isForeign { return "kind: Deployment\n" }
        let spec = (spec + (isBroken ? ["instance: many"] : [])).map { "  \($0)\n" }.joined()
        return """
            apiVersion: prewarm/v1
            kind: \(isTemplate ? "Template" : "Preset")
            metadata: {\(isNameless ? "" : "name: \(name)")}
            spec:\(spec.isEmpty ? " {}" : "")
            \(spec)
            """
    }
}
