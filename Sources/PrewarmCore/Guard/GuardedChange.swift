/// A change of a preset that the deletion guard judges: from the accepted definition to that of the applied revision.
package struct GuardedChange: Sendable {
    /// The definition that was last admitted; nil for a new preset.
    package let accepted: Preset?
    package let proposal: Preset
    /// The stored preset, whose explicit retirement may be one that waits.
    private let stored: Preset?

    package init(stored: Preset?, proposal: Preset) {
        self.stored = stored
        accepted = stored?.accepted
        self.proposal = proposal
    }

    package var name: String { proposal.key.name }

    /// The accepted preset as it stays while the change waits. Claims and creates of a preset that is retired on purpose
    /// are refused at once, since that may be a matter of safety, also if its manifest is removed then. Any other preset
    /// whose manifest is gone goes on as before.
    var waiting: Preset? {
        guard var preset = accepted, preset.retirement == nil else { return accepted }
        let waiting = stored?.isRetirementHeld == true ? stored?.retirement : nil
        guard let retirement = proposal.retirement == .pruned ? waiting : proposal.retirement else { return preset }
        preset.retirement = retirement
        preset.isRetirementHeld = true
        return preset
    }

    /// True if the change may take workspaces away, so that the guard needs to know the numbers of the source.
    package var mayLose: Bool {
        guard let accepted else { return proposal.retirement == .pruned }
        if accepted == proposal { return false }
        return proposal.numbers.least < accepted.numbers.most || mayReplaceMost
    }

    /// True if a new version, a shorter `ttl` or another strategy may take most workspaces away before they have
    /// replacements. Of all numbers of the schedules, the largest accepted one and the smallest new one lose the most.
    var mayReplaceMost: Bool {
        guard let accepted, accepted.retirement == nil, proposal.retirement == nil,
            isNewVersion || isShorterTTL || isLooserStrategy
        else { return false }
        let (old, floor) = (accepted.numbers.most, proposal.strategy.floor(desired: proposal.numbers.least))
        return old - min(old, floor) > old / 2
    }

    /// True if the preset is new, or asks for a larger number than before.
    var isGain: Bool { proposal.numbers.most > accepted?.numbers.most ?? 0 }

    var isNewVersion: Bool { accepted.map { $0.fingerprint != proposal.fingerprint } ?? false }

    /// True if workspaces expire earlier.
    var isShorterTTL: Bool {
        guard let accepted, let ttl = proposal.ttl else { return false }
        return ttl < accepted.ttl ?? .seconds(Int64.max)
    }

    /// True if the new strategy keeps fewer workspaces than the accepted one, so that outdated and expired workspaces may
    /// go at once that the accepted one replaces step by step.
    package var isLooserStrategy: Bool {
        guard let accepted else { return false }
        return proposal.strategy != accepted.strategy
            && proposal.numbers.numbers.contains {
                proposal.strategy.floor(desired: $0) < accepted.strategy.floor(desired: $0)
            }
    }

    /// True if the retirement waits for an approval whatever it takes away: one of the two definitions has
    /// `deletionPolicy: Confirm`.
    var needsConfirmation: Bool {
        guard proposal.retirement != nil, proposal.options.deletionPolicy != .retain, let accepted else { return false }
        return (proposal.options.deletionPolicy == .confirm || accepted.options.deletionPolicy == .confirm)
            && accepted.numbers.most > 0
    }

    /// The digest of the parts of both definitions that affect the pool. An approval covers one digest: a change of
    /// labels, or of the place of the manifest, needs no other approval.
    package var digest: String {
        var writer = BinaryWriter()
        for preset in [accepted, proposal].compactMap({ $0 }) {
            writer.write(preset.instances)
            writer.write(preset.schedule)
            writer.write(preset.retirement)
            writer.write(preset.fingerprint.rawValue)
            writer.write(preset.strategy)
            writer.write(preset.ttl?.components.seconds)
            writer.write(preset.options.deletionPolicy.rawValue)
        }
        return SHA256.hexadecimal(of: writer.bytes, bytes: 16)
    }
}

extension Preset {
    /// The numbers of workspaces that exist for the preset over time. A retired preset has none, unless its
    /// `deletionPolicy: Retain` or a hold keeps them.
    var numbers: Demand {
        retirement == nil || keepsWorkspaces ? Demand(instances: instances, schedule: schedule) : Demand(of: self)
    }

    /// True if the preset is retired and its workspaces stay.
    package var keepsWorkspaces: Bool {
        retirement != nil && (isRetirementHeld || options.deletionPolicy == .retain)
    }

    /// The accepted definition: the preset without a retirement that waits.
    package var accepted: Preset {
        guard isRetirementHeld else { return self }
        var preset = self
        preset.retirement = nil
        preset.isRetirementHeld = false
        return preset
    }
}
