internal import PrewarmCore
internal import PrewarmEngine

/// Converts rows to workspaces. It reads values that many workspaces share only once.
final class WorkspaceDecoder {
    static let columns = """
        id, preset, fingerprint, state, owner, owner_kind, created_at, ready_at, claimed_at, endpoint, metadata, revision,
        claim, handover
        """

    private let spec: PreparedStatement
    private let key: PreparedStatement
    private let revision: PreparedStatement
    private var specs: [Fingerprint: WorkspaceSpec] = [:]
    private var keys: [Int64: PresetKey] = [:]
    private var revisions: [Int64: String] = [:]

    init(_ transaction: SQLTransaction) throws {
        spec = try transaction.statement("SELECT value FROM specs WHERE fingerprint = ?")
        key = try transaction.statement("SELECT source, name FROM preset_keys WHERE id = ?")
        revision = try transaction.statement("SELECT text FROM revision_texts WHERE id = ?")
    }

    /// Reads a workspace. Nil if its state is unknown.
    func workspace(_ columns: inout Columns) throws -> Workspace? {
        let id = columns.next(WorkspaceID.self)
        let preset = try presetKey(columns.next())
        let fingerprint = columns.next(Fingerprint.self)
        guard let state = WorkspaceState(code: columns.next()) else { return nil }
        return Workspace(
            id: id, preset: preset, spec: try workspaceSpec(fingerprint), fingerprint: fingerprint, state: state,
            owner: Owner(name: columns.next(), kind: columns.next()), createdAt: columns.next(),
            readyAt: columns.next(), claimedAt: columns.next(),
            endpoint: columns.next(), metadata: metadata(columns.next()), revision: try revisionText(columns.next()),
            claim: columns.next(), handover: HandoverState(code: columns.next()) ?? .none)
    }

    func presetKey(_ id: Int64) throws -> PresetKey {
        if let known = keys[id] { return known }
        let found = try key.first(id) { columns in PresetKey(source: columns.next(), name: columns.next()) }
        let result = found ?? PresetKey(source: "", name: "")
        keys[id] = result
        return result
    }

    /// Returns the spec of a fingerprint. If it cannot be read, it returns an empty spec, so that the workspace can
    /// still be listed and deleted.
    private func workspaceSpec(_ fingerprint: Fingerprint) throws -> WorkspaceSpec {
        if let known = specs[fingerprint] { return known }
        let stored = try spec.first(fingerprint) { columns in try? WorkspaceSpec(binary: columns.next()) }
        let result = (stored ?? nil) ?? WorkspaceSpec(template: "", version: "", provisioner: "", parameters: [:])
        specs[fingerprint] = result
        return result
    }

    private func revisionText(_ id: Int64?) throws -> String? {
        guard let id else { return nil }
        if let known = revisions[id] { return known }
        revisions[id] = try revision.first(id) { columns in columns.next() }
        return revisions[id]
    }

    private func metadata(_ bytes: [UInt8]) -> [String: String] {
        bytes.isEmpty ? [:] : (try? [String: String](binary: bytes)) ?? [:]
    }
}
