import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The text of `prewarm status`: sources, pools and problems on one screen.
struct StatusText {
    let status: StatusDocument
    let console: Console

    private var color: Bool { console.colorsOutput }
    private var times: ShownTimes { ShownTimes(now: status.at) }

    var text: TerminalText {
        store + sources + pools + attention + failing + strays + expiring
    }

    /// The problems of the store; empty if the store is not damaged and not held.
    private var store: TerminalText {
        var text: TerminalText = ""
        if let damage = status.store.damage {
            text += "\(cross) the store is damaged: \(damage)\n    hint: see `prewarm doctor`\n"
        }
        if let hold = status.store.hold {
            let symbol = hold.reason.known?.isOfClaims ?? true ? cross : bang
            text += "\(symbol) \(hold.message)\n    hint: \(hold.hint)\n"
        }
        return text
    }

    private var sources: TerminalText {
        return status.sources.map { source -> TerminalText in
            let (ready, isReady, diagnostics) = (source.conditions[.ready], source.isReady, source.diagnostics)
            let errors = diagnostics.filter { $0.severity == .error }
            let symbol = isReady && errors.isEmpty ? Style.green.apply(to: "✔", color: color) : cross
            let name = Style.bold.apply(to: "\(source.name)", color: color)
            let age = isReady ? ready?.since.map { " (\(times.distance(to: $0)))" } ?? "" : ""
            var lines: [TerminalText] = [
                "\(symbol) source \(name)  \(source.revision?.shortRevision ?? "no revision")\(age)\(replica(of: source))"
            ]
            if !isReady, let ready {
                let since = ready.since.map { " since \(times.absolute($0))" } ?? ""
                lines.append("    \(ready.reason)\(since): \(ready.message)")
                if let hint = source.hint { lines.append("    hint: \(hint)") }
            }
            if let pinned = source.conditions[.pinned] {
                let message = times.sentence(pinned.message)
                lines.append(Style.yellow.apply(to: "  ! \(message)", color: color))
                lines.append(
                    "    new commits are not applied. To end the pin: `prewarm unpin \(source.name)`")
            }
            if let problem = source.daemon?.problem { lines.append("    the daemon: \(problem)") }
            for diagnostic in diagnostics {
                let place = diagnostic.location
                let text = (place.isEmpty ? "" : "\(place): ") + diagnostic.message
                lines.append(
                    diagnostic.severity == .error
                        ? "    \(text)" : Style.yellow.apply(to: "  ! \(text)", color: color))
                if let hint = diagnostic.hint { lines.append("      hint: \(hint)") }
            }
            return lines.map { "\($0)\n" }.joined()
        }.joined()
    }

    /// The replica that reconciles a source, if there are several.
    private func replica(of source: SourceDocument) -> TerminalText {
        guard source.sharedOut == true else { return "" }
        return "  by \(source.replica ?? "")"
    }

    private var pools: TerminalText {
        let presets = status.presets
        guard !presets.isEmpty else { return "No presets are applied.\n" }
        let left = status.morePresets ?? 0
        let more: TerminalText = left > 0 ? "and \(counted(left, "more preset")): `prewarm get presets`\n" : ""
        return "\n\(DocumentTable<PresetDocument>.presets(now: times.now, isWide: false).text(presets, console))\(more)"
    }

    /// The causes of failed builds, and the other conditions of presets that need attention.
    private var attention: TerminalText {
        let presets = status.presets
        let failures = PresetFailures.of(presets, least: 1)
        let failing = Set(failures.flatMap(\.keys))
        let wanted: [Condition.Kind] = [.stalled, .invalid, .backingOff, .suspended, .limited, .deletionsHeld]
        let lines =
            presets
            .filter { preset in wanted.contains { preset.conditions[$0] != nil } || preset.isScaledToZeroByTemplate }
            .flatMap { preset -> [TerminalText] in
                let name = preset.name
                // The cause of failed builds has a line of its own.
                let hidden =
                    ["Ready", "Reconciling"] + (failing.contains(preset.presetKey) ? ["Stalled", "BackingOff"] : [])
                return preset.conditions.filter { !hidden.contains($0.type) }.map { condition in
                    "\(bang) \(name) \(condition.type): \(times.sentence(condition.message))\n"
                }
            }
        let all = failures.map { "\(cross) \($0.sentence(times))\n" as TerminalText } + lines
        return all.isEmpty ? "" : "\n\(all.joined())"
    }

    private var failing: TerminalText {
        let groups = FailureGroup.of(status.failing)
        var lines = groups.prefix(20).map { "\(cross) \($0.sentence(times))\n" as TerminalText }
        let left = groups.dropFirst(20).reduce(0) { $0 + $1.count } + status.moreFailing.bounded
        if left > 0 {
            lines.append("  and \(left) more: `prewarm get operations --state pending`\n")
        }
        return lines.isEmpty ? "" : "\n\(lines.joined())"
    }

    /// The claims whose leases end soon.
    private var expiring: TerminalText {
        var lines = (status.expiringClaims ?? []).map { claim -> TerminalText in
            let end = claim.lease?.expiresAt
            let name = claim.workspaceName ?? ""
            let when =
                end.map { $0 > times.now ? "ends \(times.relative($0))" : "ended \(times.relative($0))" } ?? "ends"
            return
                "\(bang) the lease of \(name) (owner \(claim.owner)) \(when). To extend it: `prewarm renew \(name)`\n"
        }
        let more = status.moreExpiringClaims ?? 0
        if more > 0 { lines.append("  and \(counted(more, "more lease")): `prewarm get claims`\n") }
        return lines.isEmpty ? "" : "\n\(lines.joined())"
    }

    /// The differences between the store and the provisioners or the configuration.
    private var strays: TerminalText {
        let orphans = max(status.orphansTotal ?? 0, status.orphans?.count ?? 0)
        var lines = outages
        lines += (status.suspectLists ?? []).map { list -> TerminalText in
            let missing = counted(list.missing, "workspace")
            return
                "the last list of the provisioner \"\(list.provisioner)\" lacks \(missing) (missing or failed): prewarm waits for another list before it replaces any"
        }
        lines += (status.brokenClaims ?? []).map { claim -> TerminalText in
            "the claimed workspace \(claim.name) of \(claim.preset) is unusable: \(claim.message); prewarm leaves it to its owner"
        }
        lines += (status.failingLists ?? []).map { list -> TerminalText in
            let since = " since \(times.absolute(list.since))"
            return
                "cannot list the workspaces of the provisioner \"\(list.provisioner)\"\(since), so prewarm finds no lost workspaces: \(list.message)"
        }
        if orphans > 0 {
            lines.append(
                "provisioners list \(counted(orphans, "orphan")), which the store does not know: `prewarm get orphans`")
        }
        lines += (status.removedSources ?? []).map { source -> TerminalText in
            let commit = source.revision.flatMap { Revision($0) }?.commit.prefix(8)
            let name = source.name
            let approval = commit.map { ". To allow the deletion: `prewarm approve \($0) --source \(name)`" } ?? ""
            let unclaimed = counted(source.unclaimed, "unclaimed workspace")
            return
                "the source \"\(name)\" was removed from the configuration: prewarm keeps \(unclaimed) of this source\(approval)"
        }
        lines += (status.missingProvisioners ?? []).map { name -> TerminalText in
            "operations wait for the provisioner \"\(name)\", which is not in the configuration"
        }
        return lines.map { "! \($0)\n" as TerminalText }.joined()
    }

    private var outages: [TerminalText] {
        (status.outages ?? []).map { outage in
            let since = " since \(times.absolute(outage.since))"
            let next = outage.nextTryAt.map { ", the next one at \(times.absolute($0))" } ?? ""
            let name = outage.provisioner
            return
                "the provisioner \"\(name)\" is unavailable\(since): \(outage.cause); creates wait, and prewarm tries one from time to time\(next). To try now: `prewarm retry --provisioner \(name)`"
        }
    }

    private var cross: TerminalText { Style.red.apply(to: "✗", color: color) }
    private var bang: TerminalText { Style.yellow.apply(to: "!", color: color) }
}
