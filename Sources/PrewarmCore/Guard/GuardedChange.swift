/// A change of a preset that the deletion guard judges: from the accepted definition to that of the applied revision.
package struct GuardedChange: Sendable {
    /// The definition that was last admitted; nil for a new preset.
    package let accepted: Preset?
    package let proposal: Preset

    /// - Parameter stored: The stored preset, whose explicit retirement may be one that waits.
    package init(stored: Preset?, proposal: Preset) {
        accepted = stored?.accepted
        self.proposal = proposal
    }

    package var name: String { proposal.key.name }

    /// True if the change may take workspaces away, so that the guard needs to know the numbers of the source.
    package var mayLose: Bool {
        guard let accepted else { return proposal.retirement == .pruned }
        if accepted == proposal { return false }
        return proposal.numbers.least < accepted.numbers.most || replacesMost || expiresMost
    }

    /// True if a new version replaces most workspaces at once.
    var replacesMost: Bool {
        guard let accepted, accepted.retirement == nil, proposal.retirement == nil else { return false }
        return proposal.fingerprint != accepted.fingerprint && proposal.strategy.takesMost(of: accepted.numbers.most)
    }

    /// True if a shorter `ttl` may end most workspaces before they have replacements.
    var expiresMost: Bool {
        guard let accepted, let ttl = proposal.ttl, accepted.retirement == nil, proposal.retirement == nil else {
            return false
        }
        return ttl < accepted.ttl ?? .seconds(Int64.max)
            && proposal.strategy.takesMost(of: accepted.numbers.most)
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
        let digits = Array("0123456789abcdef")
        return String(SHA256.digest(writer.bytes).prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
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
    var accepted: Preset {
        guard isRetirementHeld else { return self }
        var preset = self
        preset.retirement = nil
        preset.isRetirementHeld = false
        return preset
    }

    /// Returns the preset while a change to `proposal` waits. Claims and creates of a preset that is retired on purpose
    /// are refused at once, since that may be a matter of safety. A preset whose manifest is gone goes on as before.
    func waiting(for proposal: Preset) -> Preset {
        guard let retirement = proposal.retirement, retirement != .pruned, self.retirement == nil else { return self }
        var preset = self
        preset.retirement = retirement
        preset.isRetirementHeld = true
        return preset
    }
}
