package import PrewarmCore

/// Why a claim or a release was refused.
package enum ClaimError: Error, Sendable {
    case unknownPreset(String, known: [String])
    /// Several sources have one of that name.
    case ambiguousPreset(String, sources: [String])
    case retired(Preset)
    /// Nothing is ready; `starting` are on their way.
    case nothingReady(Preset, starting: Int)
    case unknownWorkspace(String)
    case notClaimed(Workspace)
    /// The key was used for another preset or owner.
    case keyReused(ClaimKey, Workspace)
    /// The store is a restored copy: what it calls ready may be claimed.
    case storeRestored(StoreHold)
}

extension Engine {
    /// Hands out a ready workspace. The store decides in one statement, so that no other claim and no deletion wins too.
    /// Again with the same key it is the same workspace, even if it was released since.
    /// - Parameter audit: who did it, committed together with what it is about.
    package func claim(
        _ name: String, owner: Owner, idempotencyKey: ClaimKey? = nil, audit: AuditEntry? = nil
    ) async throws -> Workspace {
        let now = now()
        return try await store.write { store in
            if let hold = try store.restoredHold() { throw ClaimError.storeRestored(hold) }
            // First, since the answer stays the same when its preset is gone.
            if let idempotencyKey, let earlier = try store.earlierClaim(idempotencyKey, of: name, by: owner) {
                guard [earlier.preset.name, earlier.preset.description].contains(name),
                    earlier.owner?.name == owner.name
                else {
                    throw ClaimError.keyReused(idempotencyKey, earlier)
                }
                // One that could not be made was never handed out.
                guard earlier.state != .claimed, earlier.readyAt == nil else { return earlier }
                try store.remember(claimKey: nil, of: earlier.id)
            }
            let preset = try preset(named: name, in: store)
            guard preset.retirement == nil else { throw ClaimError.retired(preset) }
            if let audit { try store.append(audit) }
            let request = ClaimRequest(
                preset: preset.key, owner: owner, current: preset.fingerprint, readySince: preset.ttl.map { now - $0 },
                offersOutdated: try offersOutdated(preset, at: now, in: store), offersExpired: preset.offersExpired,
                now: now, idempotencyKey: idempotencyKey)
            guard let workspace = try store.claim(request) else {
                let cold = try claimCold(preset, owner: owner, idempotencyKey: idempotencyKey, at: now, in: store)
                if let cold { return cold }
                let starting = try store.tallies(of: preset.key).reduce(0) {
                    $0 + ($1.state == .pending || $1.state == .creating ? $1.count : 0)
                }
                throw ClaimError.nothingReady(preset, starting: starting)
            }
            try store.append([
                Event(
                    at: now, reason: "Claimed", object: "workspace", name: workspace.name, source: preset.key.source,
                    preset: preset.key.name, message: "claimed by \(owner)", owner: owner)
            ])
            try store.markDirty(source: preset.key.source)
            return workspace
        }
    }

    /// Gives a claimed workspace up: it is deleted. Releasing it again changes nothing.
    package func release(_ idOrName: String) async throws -> Workspace {
        let now = now()
        return try await store.write { store in
            guard var workspace = try store.workspace(idOrName) else { throw ClaimError.unknownWorkspace(idOrName) }
            if workspace.claimedAt != nil, workspace.state == .deleting || workspace.state == .deleted {
                return workspace
            }
            guard workspace.state == .claimed else { throw ClaimError.notClaimed(workspace) }
            workspace.state = .deleting
            try store.cancelOperations(of: [workspace.id], now: now)
            guard try store.update(workspace, from: [.claimed]) else { throw ClaimError.notClaimed(workspace) }
            var generator = SystemRandomNumberGenerator()
            var identifiers = IdentifierFactory(now: now, using: &generator)
            try store.insert([
                Operation(
                    id: OperationID(identifiers.next()), kind: .delete, workspace: workspace.id,
                    preset: workspace.preset, provisioner: workspace.spec.provisioner, reason: .released,
                    nextAttemptAt: now, createdAt: now)
            ])
            try store.append([
                Event(
                    at: now, reason: Reason.released.rawValue, object: "workspace", name: workspace.name,
                    source: workspace.preset.source, preset: workspace.preset.name,
                    message: "released by \(workspace.owner?.description ?? "its owner")", owner: workspace.owner)
            ])
            // Where a limit holds something back, its deletion comes first.
            if policy.limits.areOfInstances { try store.markDirty(source: workspace.preset.source) }
            return workspace
        }
    }

    /// A pool that an operator suspended, or whose source is only observed, stays as it is: its outdated workspaces are
    /// handed out.
    private func offersOutdated(_ preset: Preset, at now: Timestamp, in store: any StoreReader) throws -> Bool {
        if preset.offersOutdated || policy.observedSources.contains(preset.key.source) { return true }
        return try store.suspensions().contains { $0.scope.covers(preset.key) && $0.isInForce(at: now) }
    }

    /// The applied preset of this name, or of `source/name`. Where several sources have a preset of the name, those
    /// that the caller sees decide, then the default source, then the order of sources in the configuration. So a
    /// source that is added behind the others takes no name over.
    /// - Parameter isVisible: Whether the caller may see a preset.
    package func preset(
        named name: String, in store: any StoreReader, where isVisible: (PresetKey) -> Bool = { _ in true }
    ) throws -> Preset {
        let found = try store.presets(named: name)
        var candidates = found.filter { isVisible($0.key) }
        if candidates.isEmpty { candidates = found }
        if candidates.contains(where: { $0.retirement != .pruned }) {
            candidates.removeAll { $0.retirement == .pruned }
        }
        guard let first = candidates.first else {
            // A suggestion names only what the caller may know.
            let known = try store.presets(source: nil).map(\.key).filter(isVisible)
            throw ClaimError.unknownPreset(name, known: known.map(\.name))
        }
        if candidates.count == 1 { return first }
        for source in [defaultSource].compactMap(\.self) + sourceNames {
            if let preset = candidates.first(where: { $0.key.source == source }) { return preset }
        }
        throw ClaimError.ambiguousPreset(name, sources: candidates.map(\.key.source))
    }
}

extension StoreReader {
    /// The workspace that the caller got with the key. Rows of versions that kept no callers count where preset and
    /// owner are the same.
    package func earlierClaim(_ key: ClaimKey, of preset: String, by owner: Owner) throws -> Workspace? {
        if let earlier = try workspace(claimedWith: key) { return earlier }
        guard let earlier = try workspace(claimedWith: key.withoutCaller), earlier.owner?.name == owner.name,
            [earlier.preset.name, earlier.preset.description].contains(preset)
        else { return nil }
        return earlier
    }
}
