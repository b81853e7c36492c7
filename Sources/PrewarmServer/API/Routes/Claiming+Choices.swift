import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The presets that a claim tries.
struct ClaimChoices {
    /// The preset that comes first.
    let first: PresetKey
    /// The presets behind ``first``.
    var others: [PresetKey] = []
    /// The presets with their ranks and the terms of their handovers.
    let list: [ClaimChoice]
    /// The text to record with the claim; see ``Claim/asked``.
    var asked: String?
    /// The name of the deprecated preset whose claims are redirected; nil without a redirect.
    var redirectedFrom: String?
    /// The presets that match the selection; nil if the claim named its preset.
    var selected: SelectedPresets?
    /// The selection of the claim; nil if the claim named its preset.
    var selectionOfClaim: Selection?

    var keys: [PresetKey] { [first] + others }
}

extension Claiming {
    /// Returns the presets that the claim may get a workspace of, the best first.
    /// - Parameter earlier: The workspace of an earlier claim with the same idempotency key. Its preset may have been removed
    ///   since.
    /// - Throws: ``ClaimError``, ``AccessError``
    func choices(for owner: Owner, _ earlier: Workspace?) async throws -> ClaimChoices {
        if let earlier {
            try call.require(.claim(earlier.preset, owner: owner))
            var choices = ClaimChoices(
                first: earlier.preset, list: [try await choice(earlier.preset, isRepeated: true)])
            if selection == nil, ![earlier.preset.name, earlier.preset.description].contains(call.preset) {
                choices.redirectedFrom = PresetKey.name(in: call.preset)
            }
            choices.selectionOfClaim = selection
            return choices
        }
        if let selection { return try await choices(by: selection, for: owner, nil) }
        let target = try await api.engine.claimTarget(named: call.preset, call.parameters) {
            [scope = call.principal.presets] in scope.contains($0)
        }
        let (named, key) = (target.named, target.key)
        guard key != named else {
            try call.require(.claim(key, owner: owner))
            return ClaimChoices(first: key, list: [try choice(target)])
        }
        if case .refused(let why) = Authorization.decide(call.principal, .claim(key, owner: owner)) {
            throw AccessError(.refused, "claims of \(named.name) get workspaces of \(key.name), but \(why)")
        }
        return ClaimChoices(
            first: key, list: [try choice(target)], asked: named.description, redirectedFrom: named.name)
    }

    private func choice(_ target: ClaimTarget) throws -> ClaimChoice {
        ClaimChoice(name: target.key.description, terms: try target.terms(call.parameters))
    }

    /// Chooses again if the claim chooses by a selection, since other workspaces may be ready now.
    func update(_ choices: inout ClaimChoices, for owner: Owner, _ attempt: ClaimAttempt) async throws {
        guard let selection else { return }
        choices = try await self.choices(by: selection, for: owner, attempt)
    }

    private func choices(
        by selection: Selection, for owner: Owner, _ attempt: ClaimAttempt?
    ) async throws -> ClaimChoices {
        let principal = call.principal
        let selected = try await api.engine.select(selection, for: owner, attempt) { key in
            Authorization.decide(principal, .claim(key, owner: owner)).isAllowed
        }
        var (list, keys): ([ClaimChoice], [PresetKey]) = ([], [])
        var problem: ClaimError?
        for preset in selected.best {
            do {
                list.append(try await choice(preset.key, rank: preset.rank))
                keys.append(preset.key)
            } catch let error as ClaimError {
                // The claim parameters do not fit the template of this preset, or the preset was removed since.
                problem = problem ?? error
            }
        }
        guard let first = keys.first else { throw problem ?? ClaimError.unknownPreset("", known: []) }
        return ClaimChoices(
            first: first, others: Array(keys.dropFirst()), list: list, asked: selection.selector.description,
            selected: selected, selectionOfClaim: selection)
    }

    private func choice(_ key: PresetKey, rank: Int = 0, isRepeated: Bool = false) async throws -> ClaimChoice {
        ClaimChoice(name: key.description, rank: rank, terms: try await terms(of: key, isRepeated: isRepeated))
    }

    /// Returns the workspace of an earlier claim of the caller with the same idempotency key; nil if the key is free, or if
    /// the earlier claim asked for something else.
    func earlier(by owner: Owner) async throws -> Workspace? {
        guard let key = claimKey else { return nil }
        let name = selection == nil ? call.preset : ""
        let found = try await api.engine.store.read { store -> (workspace: Workspace, asked: String?)? in
            guard let workspace = try store.earlierClaim(key, of: name, by: owner) else { return nil }
            return (workspace, try store.claim(of: workspace)?.asked)
        }
        // A workspace that failed to build was never given to its owner, so the claim chooses again.
        guard let found, call.maySee(found.workspace.preset),
            found.workspace.state == .claimed || found.workspace.readyAt != nil
        else { return nil }
        let hasSameName = [found.workspace.preset.name, found.workspace.preset.description].contains(name)
        if let selection {
            return found.asked == selection.selector.description ? found.workspace : nil
        }
        let hasSameAsked = found.asked.map { $0 == name || PresetKey.name(in: $0) == name } ?? false
        return hasSameName || hasSameAsked ? found.workspace : nil
    }
}

extension PresetKey {
    /// Returns the name in `name` or `source/name`.
    fileprivate static func name(in text: String) -> String {
        text.firstIndex(of: "/").map { String(text[text.index(after: $0)...]) } ?? text
    }
}

extension ClaimChoices {
    /// Returns the document that says why a preset was chosen; nil if the claim named it.
    /// - Parameter isNew: False for a repeated request, whose answer no longer knows the reason.
    func selection(of key: PresetKey, isNew: Bool) -> ClaimSelectionDocument? {
        guard let selection = selectionOfClaim else { return nil }
        let chosen = isNew ? selected?.best.first { $0.key == key } : nil
        return ClaimSelectionDocument(
            select: selection.selector.description, prefer: chosen?.preference?.description,
            matching: isNew ? selected?.matching : nil, claimable: chosen?.claimable, workspaces: chosen?.workspaces,
            why: chosen.map { why($0, selection) })
    }

    /// Returns the reason for the choice as a part of a sentence, for example `it has the preferred region=eu, and 2 of its 5
    /// workspaces are ready (3 presets match)`.
    private func why(_ chosen: SelectedPreset, _ selection: Selection) -> String {
        let matching = selected?.matching ?? 1
        var reasons: [String] = []
        if let preference = chosen.preference {
            reasons.append("it has the preferred \(preference)")
        } else if !selection.preferences.isEmpty {
            reasons.append("no preferred preset can give a workspace now")
        }
        switch chosen.offer {
        case .ready where chosen.workspaces == 1: reasons.append("its only workspace is ready")
        case .ready:
            reasons.append(
                "\(chosen.claimable) of its \(chosen.workspaces) workspaces \(chosen.claimable == 1 ? "is" : "are") ready"
            )
        case .cold: reasons.append("prewarm creates a workspace for the claim, since none is ready")
        case .none: reasons.append("its workspace became ready first")
        }
        return reasons.joined(separator: ", and ")
            + (matching == 1 ? " (it is the only preset that matches)" : " (\(matching) presets match)")
    }
}
