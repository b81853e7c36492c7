package import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    private static let saveHandoverFailures = SQLText.save(
        into: "handover_failures", "preset, count, failed_at, message", key: "preset")

    func handovers() throws -> [OperationRecord] {
        let select = try statement(
            """
            SELECT \(Self.operationColumns) FROM operations INDEXED BY operations_handover
            WHERE \(SQLConditions.unfinishedHandover) ORDER BY id
            """)
        return try records(select, [])
    }

    func claimParameters(of workspace: WorkspaceID) throws -> [String: ParameterValue] {
        let bytes =
            try statement("SELECT claim_parameters FROM workspaces WHERE id = ?")
            .first(workspace) { columns in columns.next([UInt8]?.self) } ?? nil
        return bytes.flatMap { try? [String: ParameterValue](binary: $0) } ?? [:]
    }

    func save(claimParameters: [String: ParameterValue], of workspace: WorkspaceID) throws {
        try statement("UPDATE workspaces SET claim_parameters = ?2 WHERE id = ?1")
            .run(workspace, claimParameters.isEmpty ? nil : claimParameters.binary)
    }

    func handoverFailures(source: String?) throws -> [HandoverFailures] {
        let select = """
            SELECT source, name, count, failed_at, message FROM handover_failures
            JOIN preset_keys ON preset_keys.id = handover_failures.preset
            """
        if let source {
            return try statement("\(select) WHERE source = ? ORDER BY name").all(source, read: Self.handoverFailures)
        }
        return try statement("\(select) ORDER BY name, source").all(read: Self.handoverFailures)
    }

    func handoverFailures(of preset: PresetKey) throws -> HandoverFailures? {
        guard let id = try presetID(preset) else { return nil }
        return try statement(
            """
            SELECT source, name, count, failed_at, message FROM handover_failures
            JOIN preset_keys ON preset_keys.id = handover_failures.preset WHERE preset = ?
            """
        ).first(id, read: Self.handoverFailures)
    }

    private static func handoverFailures(_ columns: inout Columns) -> HandoverFailures {
        HandoverFailures(
            preset: PresetKey(source: columns.next(), name: columns.next()), count: columns.next(),
            failedAt: columns.next(), message: columns.next())
    }

    func setHandoverFailures(_ failures: HandoverFailures?, of preset: PresetKey) throws {
        try unsettle(.preset(preset))
        guard let failures else {
            guard let id = try presetID(preset) else { return }
            try statement("DELETE FROM handover_failures WHERE preset = ?").run(id)
            return
        }
        try statement(Self.saveHandoverFailures)
            .run(addedPresetID(preset), failures.count, failures.failedAt, failures.message)
    }
}

extension HandoverState: Coded {
    package static let byCode = allCases.sorted { $0.code < $1.code }

    package var code: Int {
        switch self {
        case .none: 0
        case .pending: 1
        case .done: 2
        case .failed: 3
        }
    }
}
