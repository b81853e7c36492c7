internal import PrewarmCore
internal import PrewarmEngine

/// The circuit breakers of provisioners.
extension SQLTransaction {
    private static let breakerColumns = """
        provisioner, phase, since, cause, failed_probes, probe, next_probe_at, room, successes, built_source, built_preset, \
        probed_source, probed_preset
        """

    private static let saveBreaker = SQLText.save(into: "breakers", breakerColumns, key: "provisioner")

    func breaker(of provisioner: String) throws -> Breaker {
        let select = try statement("SELECT \(Self.breakerColumns) FROM breakers WHERE provisioner = ?")
        guard var breaker = try select.first(provisioner, read: breaker) else {
            return Breaker(provisioner: provisioner)
        }
        breaker.failures = try failures(since: provisioner)
        return breaker
    }

    func openBreakers() throws -> [Breaker] {
        try statement(
            "SELECT \(Self.breakerColumns) FROM breakers WHERE phase = '\(Breaker.Phase.open.rawValue)' ORDER BY provisioner"
        ).all(read: breaker)
    }

    private func breaker(_ columns: inout Columns) -> Breaker {
        var breaker = Breaker(provisioner: columns.next())
        breaker.phase = Breaker.Phase(rawValue: columns.next()) ?? .closed
        breaker.since = columns.next()
        breaker.cause = columns.next()
        breaker.failedProbes = columns.next()
        breaker.probe = columns.next()
        breaker.nextProbeAt = columns.next()
        breaker.room = columns.next()
        breaker.successes = columns.next()
        breaker.lastBuilt = presetKey(&columns)
        breaker.lastProbed = presetKey(&columns)
        return breaker
    }

    private func presetKey(_ columns: inout Columns) -> PresetKey? {
        let (source, name) = (columns.next(String?.self), columns.next(String?.self))
        guard let source, let name else { return nil }
        return PresetKey(source: source, name: name)
    }

    /// Returns the failed builds since the provisioner's last build that succeeded.
    private func failures(since provisioner: String) throws -> [BreakerFailure] {
        try statement(
            """
            SELECT source, preset, fingerprint, at, is_proven, before_fingerprint, before_count, before_failed_at,
            before_retry_at, before_message FROM breaker_failures WHERE provisioner = ? ORDER BY sequence
            """
        ).all(provisioner) { columns in
            let preset = PresetKey(source: columns.next(), name: columns.next())
            let (fingerprint, at) = (columns.next(Fingerprint.self), columns.next(Timestamp.self))
            let isProven = columns.next(Int.self) != 0
            let (before, count) = (columns.next(Fingerprint?.self), columns.next(Int?.self))
            let (failedAt, retryAt) = (columns.next(Timestamp?.self), columns.next(Timestamp?.self))
            let message = columns.next(String?.self)
            var record: FailureRecord?
            if let before, let count, let failedAt, let retryAt {
                record = FailureRecord(
                    preset: preset, fingerprint: before, count: count, failedAt: failedAt, retryAt: retryAt,
                    message: message ?? "")
            }
            return BreakerFailure(
                preset: preset, fingerprint: fingerprint, at: at, isProven: isProven, before: record)
        }
    }

    func save(_ breaker: Breaker) throws {
        try statement(Self.saveBreaker).run(
            breaker.provisioner, breaker.phase.rawValue, breaker.since, breaker.cause, breaker.failedProbes,
            breaker.probe, breaker.nextProbeAt, breaker.room, breaker.successes, breaker.lastBuilt?.source,
            breaker.lastBuilt?.name, breaker.lastProbed?.source, breaker.lastProbed?.name)
        try statement("DELETE FROM breaker_failures WHERE provisioner = ?").run(breaker.provisioner)
        let insert = try statement("INSERT INTO breaker_failures VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")
        for (index, failure) in breaker.failures.enumerated() {
            let before = failure.before
            try insert.run(
                breaker.provisioner, index, failure.preset.source, failure.preset.name, failure.fingerprint, failure.at,
                failure.isProven ? 1 : 0, before?.fingerprint, before?.count, before?.failedAt, before?.retryAt,
                before?.message)
        }
    }

    func hasBuilt(_ fingerprint: Fingerprint, of preset: PresetKey) throws -> Bool {
        guard let id = try presetID(preset) else { return false }
        return try statement(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM workspaces INDEXED BY workspaces_live
                WHERE preset = ?1 AND state <> 5 AND fingerprint = ?2 AND ready_at IS NOT NULL)
            OR EXISTS (SELECT 1 FROM workspaces INDEXED BY workspaces_deleted
                WHERE preset = ?1 AND state = 5 AND fingerprint = ?2 AND ready_at IS NOT NULL)
            """
        ).first(id, fingerprint) { columns in columns.next(Int.self) } != nil
    }

    func makeDue(provisioner: String, at now: Timestamp) throws {
        try statement(
            "UPDATE operations INDEXED BY operations_due SET next_attempt_at = ?2 WHERE state = 0 AND provisioner = ?1 "
                + "AND next_attempt_at > ?2"
        ).run(provisioner, now)
    }
}
