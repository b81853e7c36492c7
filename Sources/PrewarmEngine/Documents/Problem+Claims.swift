internal import PrewarmCore

/// The problems of claims and releases.
extension Problem {
    init(_ error: ClaimError) {
        switch error {
        case .unknownPreset(let name, let known, let invalid):
            self.init(
                "UnknownPreset", status: 404,
                known.isEmpty
                    ? "cannot find the preset \"\(name)\": no preset is applied yet" : "there is no preset \"\(name)\"",
                hint: Problem.hint(for: name, among: known, invalid: invalid))
        case .invalidPreset(let name, let error):
            self.init(
                "UnknownPreset", status: 404,
                "there is no preset \"\(name)\": its manifest \(error.location) has an error: \(error.message)",
                hint: error.hint)
        case .ambiguousPreset(let name, let sources):
            self.init(
                "AmbiguousPreset", status: 409,
                "ambiguous preset \"\(name)\": several sources have a preset of this name",
                hint: "write one of: " + sources.map { "\($0)/\(name)" }.joined(separator: ", ")
                    + "; or set `default: true` on one of these sources in the configuration")
        case .retired(let preset): self.init(retired: preset, "claim a workspace of")
        case .nothingReady(let pools): self.init(pools)
        case .noMatch(let miss): self.init(miss)
        case .ownerLimit(let usage, let purpose): self.init(usage, purpose)
        case .unknownOwner(let owner, let workspace): self.init(unknown: owner, of: workspace)
        case .queueFull(let owner, let limit): self.init(queueOf: owner, limit: limit)
        case .unknownWorkspace(let name):
            self.init(
                "UnknownWorkspace", status: 404, "there is no workspace \"\(name)\"",
                hint: "see `prewarm get workspaces`")
        case .notClaimed(let workspace, let preset):
            self.init(
                "NotClaimed", status: 409,
                "cannot release the workspace \(workspace.name): it is not claimed, it is \(workspace.state.rawValue)",
                hint: Self.hint(forUnclaimed: workspace, of: preset))
        case .invalidParameters(let preset, let problems):
            let messages = problems.map(\.message)
            self.init(
                "InvalidParameters", status: 422,
                "cannot claim a workspace of \(preset.name): \(messages.joined(separator: "; "))",
                hint: "see the claim parameters: `prewarm get templates -o yaml`")
            errors = messages
        case .handoverPending(let workspace):
            self.init(
                "HandoverPending", status: 409,
                "cannot hand over the workspace \(workspace.name): an earlier handover of it has not ended",
                hint: "ask again later; `prewarm describe workspace \(workspace.name)` shows the handover")
        case .noHandover(let workspace):
            self.init(
                "NoHandover", status: 409,
                "cannot get credentials of the workspace \(workspace.name): "
                    + (workspace.state == .claimed
                        ? "its provisioner hands nothing over"
                        : "it is not claimed, it is \(workspace.state.rawValue)"),
                hint: "see `prewarm describe workspace \(workspace.name)`")
        case .claimEnded(let workspace, let claim): self.init(workspace, ended: claim)
        case .noLease(let workspace):
            self.init(
                "NoLease", status: 409,
                "cannot renew or hold the claim of \(workspace.name): it has no lease, so it does not end by itself",
                hint: "to give the claims of \(workspace.preset.name) a lease, set `lease` in its manifest")
        case .leaseAtMax(let workspace, let lease):
            self.init(
                "LeaseAtMax", status: 409,
                "cannot renew the claim of \(workspace.name): its lease reached `max` at "
                    + "\((lease.endsAt ?? lease.expiresAt).inSentence)",
                hint: "claim another workspace, or ask an operator for `prewarm hold \(workspace.name)`")
        case .storeRestored(let hold):
            self.init(
                hold.reason == .unconfirmed ? "StoreUnconfirmed" : "StoreRestored", status: 503,
                "cannot claim a workspace: \(hold.sentence)", hint: hold.hint)
        case .keyReused(let key, let workspace):
            self.init(
                "KeyReused", status: 422,
                "cannot claim with the idempotency key \"\(key.text)\": it was already used for the preset "
                    + "\(workspace.preset.name) and the owner \(workspace.owner?.name ?? "?")",
                hint: "use a new key for a new claim")
        }
    }

    private init(_ workspace: Workspace, ended claim: Claim) {
        let reason =
            switch claim.endReason {
            case .expired: "its lease ended without a renewal"
            case .revoked: "an operator revoked it"
            case .released, nil: "it was released"
            case .failed: "its workspace failed"
            case .lost: "its workspace was lost"
            case .handoverFailed: "its workspace could not be handed over"
            }
        let author = claim.endedBy.map { " by \($0)" } ?? ""
        self.init(
            "ClaimEnded", status: 410,
            "the claim of \(workspace.name) has ended: \(reason)\(author) at "
                + "\((claim.endedAt ?? claim.askedAt).inSentence)" + (claim.endMessage.map { ": \($0)" } ?? ""),
            hint: "claim another workspace: `prewarm claim \(workspace.preset.name)`")
    }

    /// Returns the way to delete a workspace that is not claimed.
    private static func hint(forUnclaimed workspace: Workspace, of preset: Preset?) -> String {
        guard let preset else { return "see `prewarm describe workspace \(workspace.name)`" }
        let name = preset.key.name
        switch (preset.retirement, preset.options.deletionPolicy) {
        case (nil, _): return "to shrink the pool, lower `instances` of the preset \(name) in git"
        case (.pruned?, .retain):
            return "`deletionPolicy: Retain` keeps it. To delete it, restore the manifest of the preset \(name) in git "
                + "with `deletionPolicy: Delete`, and remove the manifest again"
        case (_?, .retain):
            return "`deletionPolicy: Retain` keeps it. To delete it, set `deletionPolicy: Delete` of the preset \(name)"
        case (_?, _): return "prewarm deletes it without a release. To see when: `prewarm describe preset \(name)`"
        }
    }

    /// - Parameter act: The beginning of the sentence: `claim a workspace of`.
    init(retired preset: Preset, _ act: String) {
        let why = PresetStatus(
            preset: preset, pool: PoolPlan(preset: preset.key, counts: PoolCounts()), failure: nil, held: [],
            diagnostics: [])
        self.init(
            "Retired", status: 409,
            "cannot \(act) the preset \(preset.key.name): \(why.retirementMessage ?? "the preset is retired")",
            hint: Self.hint(forRetired: preset))
    }

    /// Returns the next step for a preset that is retired.
    private static func hint(forRetired preset: Preset) -> String {
        let others = "choose another preset: `prewarm get presets`"
        switch preset.retirement {
        case .deprecated(let deprecation):
            return deprecation.replacement.map { "use the preset \($0)" } ?? others
        case .inactive(let active):
            return "set `version: \"\(active)\"` in \(preset.origin.file), or \(others)"
        case .templateDeprecated, .pruned, nil: return others
        }
    }

    /// Returns the hint for a name that no preset has.
    /// - Parameters:
    ///   - known: The names of all applied presets.
    ///   - invalid: The number of manifest files with errors.
    package static func hint(for name: String, among known: [String], invalid: Int = 0) -> String {
        if let close = known.closest(to: name) { return "did you mean \"\(close)\"?" }
        if invalid > 0 { return "look for its manifest: \(invalid.counted("file")) with errors, see `prewarm status`" }
        return known.isEmpty ? "apply the presets of the sources: `prewarm sync`" : "see `prewarm get presets`"
    }
}
