import Foundation
import PrewarmCore

/// The state that `prewarm export` writes and `prewarm plan --observed` reads.
struct ObservedFile {
    let workspaces: [Entry]
    private let builds: [Build]

    /// A create operation that has succeeded or failed.
    fileprivate struct Build {
        let id: OperationID
        let workspace: String
        let preset: String
        let hasFailed: Bool
        /// The start of the operation; nil if the file does not have it, so that it counts as an attempt of its own.
        let startedAt: Timestamp?
        let finishedAt: Timestamp
        let error: String?
    }

    /// A workspace of the file. It may give `template`, `version` and `parameters` instead of `fingerprint`.
    struct Entry {
        let id: String
        let preset: String
        let fingerprint: Fingerprint?
        let template: String?
        let version: String?
        let provisioner: String?
        let parameters: [String: ParameterValue]
        let state: WorkspaceState
        let readyAt: Timestamp?
    }

    /// Reads the state from a file.
    /// - Throws: ``CommandFailure`` if the file cannot be read or has an invalid field, which the message names.
    init(path: String) throws {
        let data = Data(
            try RegularFile.document(path, called: "the observed state", writtenBy: "prewarm export > \(path)"))
        do {
            let file = try JSONDecoder().decode(RawFile.self, from: data)
            var seen: Set<String> = []
            for (index, raw) in file.workspaces.enumerated() where !seen.insert(raw.id).inserted {
                throw FieldError(message: "invalid workspaces[\(index)].id \"\(raw.id)\": it must be unique")
            }
            let operations = Dictionary(grouping: file.operations ?? [], by: \.workspace)
            workspaces = try file.workspaces.enumerated().map { index, raw in
                try raw.entry(at: "workspaces[\(index)]", operations: operations[raw.id] ?? [])
            }
            builds = try (file.operations ?? []).enumerated().compactMap { index, raw in
                try raw.build(at: "operations[\(index)]")
            }
        } catch let error as DecodingError {
            throw CommandFailure(
                "cannot read the observed state \(path): \(error.sentence)", hint: "write it with `prewarm export`",
                code: .invalid)
        } catch let error as FieldError {
            throw CommandFailure(
                "cannot read the observed state \(path): \(error.message)", hint: "write it with `prewarm export`",
                code: .invalid)
        }
    }

    /// Returns the instances and failures of presets. A workspace without a fingerprint gets the fingerprint of its preset
    /// if its template, version and parameters are the same.
    func observed(of presets: [Preset]) -> Observed {
        var observed = Observed()
        let byName = Dictionary(grouping: presets) { $0.key.name }
        for entry in workspaces {
            let preset = byName[entry.preset]?.first
            let key = preset?.key ?? PresetKey(source: ManifestFolder.source, name: entry.preset)
            let fingerprint = entry.fingerprint ?? entry.guessedFingerprint(preset)
            observed.add(
                Instance(
                    id: WorkspaceID(entry.id), preset: key, fingerprint: fingerprint, state: entry.state,
                    readyAt: entry.readyAt))
        }
        for preset in presets { observed.failures[preset.key] = failure(of: preset) }
        return observed
    }

    /// Returns the failures of the current fingerprint since its last successful build.
    private func failure(of preset: Preset) -> FailureRecord? {
        let fingerprints = Dictionary(
            workspaces.filter { $0.preset == preset.key.name }
                .map { ($0.id, $0.fingerprint ?? $0.guessedFingerprint(preset)) }
        ) { first, _ in first }
        let own = builds.filter {
            $0.preset == preset.key.name && fingerprints[$0.workspace] ?? preset.fingerprint == preset.fingerprint
        }.sorted { ($0.finishedAt, $0.id) < ($1.finishedAt, $1.id) }
        return own.reversed().prefix(while: \.hasFailed).reversed().reduce(nil) { known, build in
            FailedBuild(
                startedAt: build.startedAt ?? build.finishedAt, endedAt: build.finishedAt, message: build.error ?? "",
                seed: build.id.seed
            ).noted(after: known, of: preset)
        }
    }

    /// Returns a pruned preset for each preset name that has workspaces and no manifest.
    func pruned(besides presets: [Preset]) -> [Preset] {
        let known = Set(presets.map(\.key.name))
        let names = Set(workspaces.map(\.preset)).subtracting(known).sorted()
        return names.map { name in
            let entry = workspaces.first { $0.preset == name }
            let spec = WorkspaceSpec(
                template: entry?.template ?? "", version: entry?.version ?? "", provisioner: entry?.provisioner ?? "",
                parameters: entry?.parameters ?? [:])
            return Preset(
                key: PresetKey(source: ManifestFolder.source, name: name),
                origin: Origin(file: "", line: 0), spec: spec, instances: 0, retirement: .pruned)
        }
    }
}

extension ObservedFile.Entry {
    fileprivate func guessedFingerprint(_ preset: Preset?) -> Fingerprint {
        guard let preset else { return Fingerprint(rawValue: 0) }
        let spec = WorkspaceSpec(
            template: template ?? preset.spec.template, version: version ?? preset.spec.version,
            provisioner: provisioner ?? preset.spec.provisioner,
            parameters: parameters.isEmpty ? preset.spec.parameters : preset.spec.parameters.merging(parameters) { $1 })
        return spec == preset.spec ? preset.fingerprint : spec.fingerprint
    }
}

private struct FieldError: Error {
    let message: String
}

private struct RawFile: Decodable {
    let workspaces: [RawWorkspace]
    let operations: [RawOperation]?
}

private struct RawOperation: Decodable {
    let type: String
    let workspace: String
    let state: String
    let attempt: Int?
    let id: String?
    let preset: String?
    let error: String?
    let startedAt: String?
    let finishedAt: String?

    func build(at path: String) throws -> ObservedFile.Build? {
        guard type == "create", state == "failed" || state == "succeeded", let preset, let finishedAt else {
            return nil
        }
        guard let time = Timestamp(finishedAt) else {
            throw FieldError(
                message: "invalid \(path).finishedAt \"\(finishedAt)\": it must be a time such as 2026-11-23T08:00:00Z")
        }
        return ObservedFile.Build(
            id: OperationID(id ?? workspace), workspace: workspace, preset: preset, hasFailed: state == "failed",
            startedAt: startedAt.flatMap { Timestamp($0) }, finishedAt: time, error: error)
    }
}

private struct RawWorkspace: Decodable {
    let id: String
    let preset: String
    let fingerprint: String?
    let template: String?
    let version: String?
    let provisioner: String?
    let parameters: [String: RawParameter]?
    let state: String
    let readyAt: String?
    let createdAt: String?

    func entry(at path: String, operations: [RawOperation]) throws -> ObservedFile.Entry {
        guard var state = WorkspaceState(rawValue: state) else {
            throw FieldError(
                message: "invalid \(path).state \"\(state)\": it must be one of "
                    + WorkspaceState.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let unfinished = operations.filter { $0.state == "pending" || $0.state == "running" }
        if state != .claimed, unfinished.contains(where: { $0.type == "delete" }) { state = .deleting }
        if state == .pending || state == .creating, let create = unfinished.first(where: { $0.type == "create" }) {
            state = create.state == "pending" && create.attempt ?? 0 == 0 ? .pending : .creating
        }
        guard fingerprint == nil || fingerprint.flatMap(Fingerprint.init) != nil else {
            throw FieldError(
                message: "invalid \(path).fingerprint \"\(fingerprint ?? "")\": it must have 16 hexadecimal digits")
        }
        let since = readyAt ?? (state == .ready ? createdAt : nil)
        guard since == nil || since.flatMap({ Timestamp($0) }) != nil else {
            throw FieldError(
                message: "invalid \(path).readyAt \"\(since ?? "")\": it must be a time such as 2026-11-23T08:00:00Z")
        }
        return ObservedFile.Entry(
            id: id, preset: preset, fingerprint: fingerprint.flatMap(Fingerprint.init),
            template: template, version: version, provisioner: provisioner,
            parameters: (parameters ?? [:]).mapValues(\.value), state: state, readyAt: since.flatMap { Timestamp($0) })
    }
}

private struct RawParameter: Decodable {
    let value: ParameterValue

    private struct Reference: Decodable {
        struct Secret: Decodable {
            let secret: String
        }
        let valueFrom: Secret
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self.value = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self.value = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self.value = .number(value)
        } else if let value = try? container.decode(String.self) {
            self.value = .string(value)
        } else {
            value = .secret(try container.decode(Reference.self).valueFrom.secret)
        }
    }
}

extension DecodingError {
    /// Returns the place and the cause of the error as a part of a sentence.
    fileprivate var sentence: String {
        switch self {
        case .keyNotFound(let key, let context): "\(Self.path(context.codingPath)) has no \"\(key.stringValue)\""
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            "\(Self.path(context.codingPath)) is not \(Self.words(for: type))"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty ? "it is not JSON" : "\(Self.path(context.codingPath)) has an invalid value"
        @unknown default: "it has an invalid value"
        }
    }

    private static func words(for type: any Any.Type) -> String {
        switch "\(type)" {
        case "String": "text"
        case "Int": "a whole number"
        case let name: name.hasPrefix("Array") ? "a list" : "an object"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        guard !keys.isEmpty else { return "the file" }
        return keys.reduce("") { path, key in
            if let index = key.intValue { return path + "[\(index)]" }
            return path.isEmpty ? key.stringValue : path + "." + key.stringValue
        }
    }
}
