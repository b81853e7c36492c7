package import PrewarmCore

/// The reason why a claim or a release was refused.
package enum ClaimError: Error, Sendable {
    /// No preset of this name is applied. `invalid` manifests have errors, and may define it.
    case unknownPreset(String, known: [String], invalid: Int = 0)
    /// No preset of this name is applied, because its manifest has an error.
    case invalidPreset(String, Diagnostic)
    /// Several sources have a preset of this name.
    case ambiguousPreset(String, sources: [String])
    /// The preset is deprecated, inactive or removed from git.
    case retired(Preset)
    /// No workspace of the presets is ready.
    case nothingReady(EmptyPools)
    /// No preset that the caller may claim from has what a selector asks for.
    case noMatch(SelectionMiss)
    /// The owner holds as many workspaces as it may.
    case ownerLimit(OwnerUsage, ClaimPurpose)
    /// A claimer may not give the workspace to this owner, because prewarm does not know it.
    case unknownOwner(Owner, Workspace)
    /// The limit on the waiting claims of the owner is reached, or that of all owners if the owner is nil.
    case queueFull(Owner?, limit: Int)
    case unknownWorkspace(String)
    /// The workspace to release is not claimed. Its preset is nil if the store no longer has it.
    case notClaimed(Workspace, of: Preset?)
    /// The claim of the workspace has ended, and its owner asks for it.
    case claimEnded(Workspace, Claim)
    /// The claim of the workspace has no lease, so there is nothing to renew or to hold.
    case noLease(Workspace)
    /// The lease of the claim has reached its longest time.
    case leaseAtMax(Workspace, ClaimLease)
    /// The key was already used for another preset or owner.
    case keyReused(ClaimKey, Workspace)
    /// A handover of the workspace has not ended.
    case handoverPending(Workspace)
    /// The workspace was not handed over, so its provisioner has no credentials.
    case noHandover(Workspace)
    /// The parameters of the claim are invalid. The problems are all errors.
    case invalidParameters(PresetKey, [ClaimParameterProblem])
    /// The store is a restored copy: a workspace that is ready in it may already be claimed.
    case storeRestored(StoreHold)
}

extension Engine {
    /// Returns the applied preset of this name, or of `source/name`. If several sources have a preset of the name, the
    /// default source comes first, then the sources in the order of the configuration. A source that is added behind the
    /// others therefore does not take over a name. A preset that the caller may not see is unknown to it.
    /// - Parameter isVisible: Returns true if the caller may see a preset.
    /// - Throws: ``ClaimError/unknownPreset(_:known:invalid:)``, ``ClaimError/invalidPreset(_:_:)``,
    ///   ``ClaimError/ambiguousPreset(_:sources:)``
    package func preset(
        named name: String, in store: any StoreReader, where isVisible: (PresetKey) -> Bool = { _ in true }
    ) throws -> Preset {
        var candidates = try store.presets(named: name).filter { isVisible($0.key) }
        if candidates.contains(where: { $0.retirement != .pruned }) {
            candidates.removeAll { $0.retirement == .pruned }
        }
        guard let first = candidates.first else {
            // A suggestion names only what the caller may know.
            let known = try store.presets(source: nil).map(\.key).filter(isVisible)
            let errors = try store.errors(ofPreset: name, where: isVisible)
            if let error = errors.own { throw ClaimError.invalidPreset(name, error) }
            throw ClaimError.unknownPreset(name, known: known.map(\.name), invalid: errors.files)
        }
        if candidates.count == 1 { return first }
        for source in [defaultSource].compactMap(\.self) + sourceNames {
            if let preset = candidates.first(where: { $0.key.source == source }) { return preset }
        }
        throw ClaimError.ambiguousPreset(name, sources: candidates.map(\.key.source))
    }
}

extension StoreReader {
    /// Returns the error of a manifest that probably defines a preset, and the number of files with errors. The file has
    /// the name of the preset, or the message names the preset.
    /// - Parameters:
    ///   - name: The name of the preset, or `source/name`.
    ///   - isVisible: Returns true if the caller may see a preset.
    fileprivate func errors(
        ofPreset name: String, where isVisible: (PresetKey) -> Bool
    ) throws -> (own: Diagnostic?, files: Int) {
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        let (only, name) = parts.count == 2 ? (parts[0], parts[1]) : (nil, name)
        var files = 0
        for source in try sources().map(\.name)
        where only.map({ $0 == source }) ?? true && isVisible(PresetKey(source: source, name: name)) {
            let errors = try diagnostics(source: source).filter { $0.severity == .error }
            let own = errors.first { $0.message.contains("preset \"\(name)\"") || $0.isInFile(named: name) }
            if let own { return (own, errors.count) }
            files += Set(errors.map(\.file)).count
        }
        return (nil, files)
    }

    /// Returns the workspace that the caller got with the key. Rows of older versions, which did not store the caller,
    /// count if the preset and the owner are the same.
    package func earlierClaim(_ key: ClaimKey, of preset: String, by owner: Owner) throws -> Workspace? {
        if let earlier = try workspace(claimedWith: key) { return earlier }
        guard let earlier = try workspace(claimedWith: key.withoutCaller), earlier.owner?.name == owner.name,
            [earlier.preset.name, earlier.preset.description].contains(preset)
        else { return nil }
        return earlier
    }
}

extension Diagnostic {
    /// Returns true if the file has this name, without its folders and its extension.
    fileprivate func isInFile(named name: String) -> Bool {
        [".yaml", ".yml"].contains { file == name + $0 || file.hasSuffix("/" + name + $0) }
    }
}
