import PrewarmCore
import PrewarmEngine

/// The text of `prewarm status`: sources, pools and problems on one screen.
struct StatusText {
    let status: Value
    let console: Console

    private var color: Bool { console.colorsOutput }
    private var times: ShownTimes { ShownTimes(now: status.time("at") ?? .now) }

    var text: TerminalText {
        store + sources + pools + attention + failing + strays + expiring
    }

    /// The problems of the store; empty if the store is not damaged and not held.
    private var store: TerminalText {
        var text: TerminalText = ""
        if let damage = status["store"]?.text("damage") {
            text += "\(cross) the store is damaged: \(damage)\n    hint: see `prewarm doctor`\n"
        }
        if let hold = status["store"]?["hold"] {
            let isOfClaims = hold.text("reason").flatMap(StoreHold.Reason.init(rawValue:))?.isOfClaims ?? true
            let symbol = isOfClaims ? cross : bang
            text += "\(symbol) \(hold.text("message") ?? "")\n    hint: \(hold.text("hint") ?? "")\n"
        }
        return text
    }

    private var sources: TerminalText {
        return status.list("sources").map { source -> TerminalText in
            let ready = source.condition(.ready)
            let isReady = ready?.text("status") == "True"
            let diagnostics = source.list("diagnostics")
            let errors = diagnostics.filter { $0.text("severity") == "error" }
            let symbol = isReady && errors.isEmpty ? Style.green.apply(to: "✔", color: color) : cross
            let name = Style.bold.apply(to: "\(source.text("name") ?? "")", color: color)
            let age = isReady ? ready?.time("since").map { " (\(times.distance(to: $0)))" } ?? "" : ""
            var lines: [TerminalText] = [
                "\(symbol) source \(name)  \(source.shortRevision("revision") ?? "no revision")\(age)\(replica(of: source))"
            ]
            if !isReady, let ready {
                let since = ready.time("since").map { " since \(times.absolute($0))" } ?? ""
                lines.append("    \(ready.text("reason") ?? "")\(since): \(ready.text("message") ?? "")")
                if let hint = source.text("hint") { lines.append("    hint: \(hint)") }
            }
            if let pinned = source.condition(.pinned) {
                let message = times.sentence(pinned.text("message") ?? "")
                lines.append(Style.yellow.apply(to: "  ! \(message)", color: color))
                lines.append(
                    "    new commits are not applied. To end the pin: `prewarm unpin \(source.text("name") ?? "")`")
            }
            if let problem = source["daemon"]?.text("problem") { lines.append("    the daemon: \(problem)") }
            for diagnostic in diagnostics {
                let place = diagnostic.location
                let text = (place.isEmpty ? "" : "\(place): ") + (diagnostic.text("message") ?? "")
                lines.append(
                    diagnostic.text("severity") == "error"
                        ? "    \(text)" : Style.yellow.apply(to: "  ! \(text)", color: color))
                if let hint = diagnostic.text("hint") { lines.append("      hint: \(hint)") }
            }
            return lines.map { "\($0)\n" }.joined()
        }.joined()
    }

    /// The replica that reconciles a source, if there are several.
    private func replica(of source: Value) -> TerminalText {
        guard source["sharedOut"] != nil else { return "" }
        return "  by \(source.text("replica") ?? "")"
    }

    private var pools: TerminalText {
        let presets = status.list("presets")
        guard !presets.isEmpty else { return "No presets are applied.\n" }
        let left = status.number("morePresets")
        let more: TerminalText = left > 0 ? "and \(counted(left, "more preset")): `prewarm get presets`\n" : ""
        return "\n\(DocumentTable.presets(now: times.now, isWide: false).text(presets, console))\(more)"
    }

    /// The causes of failed builds, and the other conditions of presets that need attention.
    private var attention: TerminalText {
        let presets = status.list("presets")
        let failures = PresetFailures.of(presets, least: 1)
        let failing = Set(failures.flatMap(\.keys))
        let wanted: [Condition.Kind] = [.stalled, .invalid, .backingOff, .suspended, .limited, .deletionsHeld]
        let lines =
            presets
            .filter { preset in wanted.contains { preset.condition($0) != nil } || preset.isScaledToZeroByTemplate }
            .flatMap { preset -> [TerminalText] in
                let name = preset.text("name") ?? ""
                // The cause of failed builds has a line of its own.
                let hidden =
                    ["Ready", "Reconciling"] + (failing.contains(preset.presetKey) ? ["Stalled", "BackingOff"] : [])
                return preset.list("conditions").filter { !hidden.contains($0.text("type") ?? "") }.map { condition in
                    "\(bang) \(name) \(condition.text("type") ?? ""): \(times.sentence(condition.text("message") ?? ""))\n"
                }
            }
        let all = failures.map { "\(cross) \($0.sentence(times))\n" as TerminalText } + lines
        return all.isEmpty ? "" : "\n\(all.joined())"
    }

    private var failing: TerminalText {
        let groups = FailureGroup.of(status.list("failing"))
        var lines = groups.prefix(20).map { "\(cross) \($0.sentence(times))\n" as TerminalText }
        let left = groups.dropFirst(20).reduce(0) { $0 + $1.count } + status.count("moreFailing")
        if left > 0 {
            lines.append("  and \(left) more: `prewarm get operations --state pending`\n")
        }
        return lines.isEmpty ? "" : "\n\(lines.joined())"
    }

    /// The claims whose leases end soon.
    private var expiring: TerminalText {
        var lines = status.list("expiringClaims").map { claim -> TerminalText in
            let end = claim["lease"]?.time("expiresAt")
            let name = claim.text("workspaceName") ?? ""
            let when =
                end.map { $0 > times.now ? "ends \(times.relative($0))" : "ended \(times.relative($0))" } ?? "ends"
            return
                "\(bang) the lease of \(name) (owner \(claim.text("owner") ?? "")) \(when). To extend it: `prewarm renew \(name)`\n"
        }
        let more = status.number("moreExpiringClaims")
        if more > 0 { lines.append("  and \(counted(more, "more lease")): `prewarm get claims`\n") }
        return lines.isEmpty ? "" : "\n\(lines.joined())"
    }

    /// The differences between the store and the provisioners or the configuration.
    private var strays: TerminalText {
        let orphans = max(status.number("orphansTotal"), status.list("orphans").count)
        var lines = outages
        lines += status.list("suspectLists").map { list -> TerminalText in
            let missing = counted(list.number("missing"), "workspace")
            return
                "the last list of the provisioner \"\(list.text("provisioner") ?? "")\" lacks \(missing) (missing or failed): prewarm waits for another list before it replaces any"
        }
        lines += status.list("brokenClaims").map { claim -> TerminalText in
            "the claimed workspace \(claim.text("name") ?? "") of \(claim.text("preset") ?? "") is unusable: \(claim.text("message") ?? ""); prewarm leaves it to its owner"
        }
        lines += status.list("failingLists").map { list -> TerminalText in
            let since = list.time("since").map { " since \(times.absolute($0))" } ?? ""
            return
                "cannot list the workspaces of the provisioner \"\(list.text("provisioner") ?? "")\"\(since), so prewarm finds no lost workspaces: \(list.text("message") ?? "")"
        }
        if orphans > 0 {
            lines.append(
                "provisioners list \(counted(orphans, "orphan")), which the store does not know: `prewarm get orphans`")
        }
        lines += status.list("removedSources").map { source -> TerminalText in
            let commit = source.text("revision").flatMap { Revision($0) }?.commit.prefix(8)
            let name = source.text("name") ?? ""
            let approval = commit.map { ". To allow the deletion: `prewarm approve \($0) --source \(name)`" } ?? ""
            let unclaimed = counted(source.number("unclaimed"), "unclaimed workspace")
            return
                "the source \"\(name)\" was removed from the configuration: prewarm keeps \(unclaimed) of this source\(approval)"
        }
        lines += status.list("missingProvisioners").compactMap(\.string).map { name -> TerminalText in
            "operations wait for the provisioner \"\(name)\", which is not in the configuration"
        }
        return lines.map { "! \($0)\n" as TerminalText }.joined()
    }

    private var outages: [TerminalText] {
        status.list("outages").map { outage in
            let since = outage.time("since").map { " since \(times.absolute($0))" } ?? ""
            let next = outage.time("nextTryAt").map { ", the next one at \(times.absolute($0))" } ?? ""
            let name = outage.text("provisioner") ?? ""
            return
                "the provisioner \"\(name)\" is unavailable\(since): \(outage.text("cause") ?? ""); creates wait, and prewarm tries one from time to time\(next). To try now: `prewarm retry --provisioner \(name)`"
        }
    }

    private var cross: TerminalText { Style.red.apply(to: "✗", color: color) }
    private var bang: TerminalText { Style.yellow.apply(to: "!", color: color) }
}

extension Value {
    /// The place of a diagnostic, for example `presets/go.yaml:8:3`.
    var location: String {
        [text("file"), self["line"]?.plainText, self["column"]?.plainText].compactMap { $0 }
            .joined(separator: ":")
    }

    /// Returns a diagnostic in the format of compilers.
    func diagnosticText(color: Bool) -> TerminalText {
        let position = self["line"]?.int.map { Position(line: $0, column: self["column"]?.int ?? 1) }
        return Diagnostic(
            text("severity") == "error" ? .error : .warning, file: text("file") ?? "", at: position,
            text("message") ?? "", hint: text("hint"), excerpt: text("excerpt")
        ).text(color: color)
    }
}
