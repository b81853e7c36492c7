package import PrewarmCore

/// A preset that a claim may get a workspace of.
package struct ClaimChoice: Sendable {
    /// The name of the preset, or `source/name`.
    package let name: String
    /// The rank of the choice. Of the choices with the same rank, those with a ready workspace come before those for which
    /// prewarm creates one. Lower ranks come first.
    package let rank: Int
    /// The terms of the handover; nil if no provisioner offers handovers.
    package let terms: HandoverTerms?

    package init(name: String, rank: Int = 0, terms: HandoverTerms? = nil) {
        self.name = name
        self.rank = rank
        self.terms = terms
    }
}

extension Engine {
    /// Claims a ready workspace for an owner. The store decides in one transaction, so no other claim or deletion can get
    /// the same workspace. A repeated claim with the same key returns the same workspace, even if it was released since.
    /// - Parameters:
    ///   - name: The name of the preset, or `source/name`.
    ///   - audience: The reader of the reason if no workspace is ready.
    ///   - attempt: The claim that asks; nil for one that asks once.
    /// - Throws: ``ClaimError``
    package func claim(
        _ name: String, owner: Owner, idempotencyKey: ClaimKey? = nil, for audience: some Audience = LocalAudience(),
        attempt: ClaimAttempt? = nil
    ) async throws -> Workspace {
        try await grant(
            [ClaimChoice(name: name)], owner: owner, idempotencyKey: idempotencyKey, for: audience, attempt: attempt
        ).workspace
    }

    /// Claims a workspace of the first of several presets that has one. If its provisioner hands workspaces over, the handover
    /// begins in the same transaction, and the caller has to carry it out.
    /// - Parameters:
    ///   - choices: The presets, the best first; at least one.
    ///   - selector: The selector of the claim, for the error; nil for a claim that names its preset.
    ///   - audit: Returns the entry of the audit log for the chosen preset, which is committed together with the claim.
    ///   - audience: The reader of an error.
    ///   - attempt: The claim that asks; nil for one that asks once.
    /// - Throws: ``ClaimError``
    package func grant(
        _ choices: [ClaimChoice], by selector: PresetSelector? = nil, owner: Owner, idempotencyKey: ClaimKey? = nil,
        audit: (@Sendable (PresetKey) -> AuditEntry)? = nil, for audience: some Audience = LocalAudience(),
        attempt: ClaimAttempt? = nil
    ) async throws -> ClaimGrant {
        let asking = attempt ?? newClaim(at: now())
        // Usually no claim of another process waits, and no process has to be looked at.
        do {
            return try await grant(
                choices, by: selector, owner, idempotencyKey, audit, for: audience, asking, without: nil)
        } catch is HoldersUnknown {
            return try await grant(
                choices, by: selector, owner, idempotencyKey, audit, for: audience, asking,
                without: try await deadTicketHolders())
        }
    }

    /// - Parameter dead: The processes that hold tickets and have ended; nil if they are not known.
    /// - Throws: ``HoldersUnknown`` if they have to be known.
    private func grant(
        _ choices: [ClaimChoice], by selector: PresetSelector?, _ owner: Owner, _ idempotencyKey: ClaimKey?,
        _ audit: (@Sendable (PresetKey) -> AuditEntry)?, for audience: some Audience, _ asking: ClaimAttempt,
        without dead: Set<String>?
    ) async throws -> ClaimGrant {
        let now = now()
        return try await store.write(.ofUser) { store in
            if let hold = try store.restoredHold(), try !confirmStore(at: now, in: store) {
                throw ClaimError.storeRestored(hold)
            }
            // The key comes first, since the answer stays the same if the preset was removed.
            if let idempotencyKey,
                let earlier = try earlierGrant(idempotencyKey, choices, by: owner, asking, in: store)
            {
                return earlier
            }
            let candidates = try candidates(choices, in: store)
            try requireRoom(for: owner, in: store, for: audience)
            let claim = Granting(
                engine: self, owner: owner, asking: asking, attempt: try usable(asking, at: now, in: store),
                idempotencyKey: idempotencyKey, deadHolders: dead, now: now)
            guard let grant = try claim.grant(candidates.all, in: store) else {
                throw ClaimError.nothingReady(
                    EmptyPools(
                        try EmptyPool(candidates.first.preset, in: store, for: audience),
                        try candidates.others.map { try EmptyPool($0.preset, in: store, for: audience) },
                        selector: selector))
            }
            if let audit { try store.append(audit(grant.workspace.preset)) }
            return grant
        }
    }

    /// Returns the workspace that the owner got with the same key; nil if the key is free.
    private func earlierGrant(
        _ key: ClaimKey, _ choices: [ClaimChoice], by owner: Owner, _ asking: ClaimAttempt, in store: any StoreWriter
    ) throws -> ClaimGrant? {
        let names = choices.map(\.name)
        for name in names {
            guard let earlier = try store.earlierClaim(key, of: name, by: owner) else { continue }
            guard names.contains(earlier.preset.name) || names.contains(earlier.preset.description),
                earlier.owner?.name == owner.name
            else { throw ClaimError.keyReused(key, earlier) }
            // A workspace that failed to build was never given to its owner, so the claim starts again.
            guard earlier.state != .claimed, earlier.readyAt == nil else {
                if asking.hasWaited { try store.endWait(asking.id, with: earlier.preset, at: now()) }
                return ClaimGrant(workspace: earlier, isNew: false)
            }
            try store.remember(claimKey: nil, of: earlier.id)
        }
        return nil
    }

    /// Returns the presets of the choices. Of several, those that were removed or retired since they were chosen are left out.
    /// - Throws: ``ClaimError`` if no preset is left.
    private func candidates(_ choices: [ClaimChoice], in store: any StoreReader) throws -> Granting.Candidates {
        if choices.count == 1, let choice = choices.first {
            let preset = try preset(named: choice.name, in: store)
            guard preset.retirement == nil else { throw ClaimError.retired(preset) }
            return Granting.Candidates(first: Granting.Candidate(preset: preset, choice: choice))
        }
        let candidates = try choices.compactMap { choice -> Granting.Candidate? in
            guard let preset = try store.presets(named: choice.name).first, preset.retirement == nil else { return nil }
            return Granting.Candidate(preset: preset, choice: choice)
        }
        guard let first = candidates.first else {
            throw ClaimError.unknownPreset(choices.first?.name ?? "", known: [])
        }
        return Granting.Candidates(first: first, others: Array(candidates.dropFirst()))
    }
}
