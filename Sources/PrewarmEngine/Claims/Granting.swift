import PrewarmCore

/// One attempt of a claim inside the transaction that decides about it.
struct Granting {
    let engine: Engine
    let owner: Owner
    /// The claim as it is known in the queue.
    let asking: ClaimAttempt
    /// The claim with the id that its record gets.
    let attempt: ClaimAttempt
    let idempotencyKey: ClaimKey?
    /// The processes that hold tickets and have ended; nil if they are not known.
    let deadHolders: Set<String>?
    let now: Timestamp

    struct Candidate {
        let preset: Preset
        let choice: ClaimChoice
    }

    struct Candidates {
        let first: Candidate
        var others: [Candidate] = []

        var all: [Candidate] { [first] + others }
    }

    /// Returns a workspace of the first candidate that has one for this claim; nil if none has.
    func grant(_ candidates: [Candidate], in store: any StoreWriter) throws -> ClaimGrant? {
        var turns = try ClaimTurns(
            of: asking, at: candidates.map(\.preset), engine, without: deadHolders, at: now, in: store)
        var rest = candidates[...]
        while let rank = rest.first?.choice.rank {
            let same = rest.prefix { $0.choice.rank == rank }
            rest = rest.dropFirst(same.count)
            if let grant = try grant(same, &turns, in: store) { return grant }
        }
        return nil
    }

    /// Returns a ready workspace of one of the candidates, otherwise one that prewarm creates for the claim.
    private func grant(
        _ candidates: ArraySlice<Candidate>, _ turns: inout ClaimTurns, in store: any StoreWriter
    ) throws -> ClaimGrant? {
        var next: [Candidate] = []
        for candidate in candidates {
            switch try turns.turn(at: candidate.preset, in: store) {
            case .none: continue
            case .cold: next.append(candidate)
            case .ready:
                let request = try engine.request(
                    of: candidate.preset, by: owner, turns.supply.suspensions, at: now, in: store,
                    idempotencyKey: idempotencyKey, id: attempt.id)
                if let workspace = try store.claim(request) { return try ready(workspace, candidate, in: store) }
                next.append(candidate)
            }
        }
        for candidate in next {
            let cold = try engine.claimCold(
                candidate.preset, owner: owner, attempt, idempotencyKey: idempotencyKey, candidate.choice.terms,
                at: now,
                in: store)
            guard let cold else { continue }
            if asking.hasWaited { try store.endWait(asking.id, with: candidate.preset.key, at: now) }
            return cold
        }
        return nil
    }

    private func ready(_ workspace: Workspace, _ candidate: Candidate, in store: any StoreWriter) throws -> ClaimGrant {
        if asking.hasWaited { try store.endWait(asking.id, with: candidate.preset.key, at: now) }
        let grant = try engine.granted(workspace, candidate.choice.terms, at: now, in: store)
        // A workspace is claimed when its handover has ended.
        if grant.handover == nil {
            try store.append([.claimed(workspace, "claimed by \(owner)\(attempt.askedText)", at: now)])
        }
        try store.record(
            attempt, grant.workspace, attempt.hasWaited ? .waited : .hit, candidate.preset.lease, at: now)
        try store.markDirty(source: candidate.preset.key.source)
        return grant
    }
}

extension Engine {
    /// Returns the parameters of the statement that claims a workspace of a preset.
    func request(
        of preset: Preset, by owner: Owner, _ suspensions: [Suspension], at now: Timestamp, in store: any StoreReader,
        idempotencyKey: ClaimKey? = nil, id: ClaimID? = nil
    ) throws -> ClaimRequest {
        ClaimRequest(
            preset: preset.key, owner: owner, current: preset.fingerprint, readySince: preset.ttl.map { now - $0 },
            offersOutdated: offersOutdated(preset, suspensions, at: now),
            offersExpired: preset.offersExpired, now: now, idempotencyKey: idempotencyKey, id: id,
            freshSince: try freshSince(preset, at: now, in: store))
    }

    /// Returns true if a claim may get an outdated workspace. That is so in a pool that is suspended or observed, since
    /// its outdated workspaces are not replaced.
    func offersOutdated(_ preset: Preset, _ suspensions: [Suspension], at now: Timestamp) -> Bool {
        preset.offersOutdated || policy.observedSources.contains(preset.key.source)
            || suspensions.contains { $0.scope.covers(preset.key) && $0.isInForce(at: now) }
    }
}
