import PrewarmCore
import PrewarmEngine

struct PresetTable {
    private let statuses: [PresetStatus]
    private let isWide: Bool

    init(_ statuses: [PresetStatus], isWide: Bool) {
        self.statuses = statuses
        self.isWide = isWide
    }

    func text(_ console: Console) -> String {
        let wide = isWide ? ["TEMPLATE", "VERSION", "FINGERPRINT", "SOURCE", "FILE"] : []
        var table = Table(
            ["NAME", "READY", "DESIRED", "ELIGIBLE", "CLAIMED", "STARTING", "STATUS"] + wide + ["MESSAGE"],
            flexible: "MESSAGE", optional: ["ELIGIBLE", "DESIRED", "STARTING"] + wide + ["CLAIMED"])
        for status in statuses {
            let (preset, counts) = (status.preset, status.pool.counts)
            let (word, style, message) = Self.headline(of: status)
            let extra: [Table.Cell] =
                isWide
                ? [
                    .init(preset.spec.template), .init(preset.spec.version), .init(preset.fingerprint.description),
                    .init(preset.key.source), .init("\(preset.origin.file):\(preset.origin.line)"),
                ] : []
            table.add(
                [
                    .init(preset.key.name), .init("\(counts.eligible)/\(counts.desired)"), .init("\(counts.desired)"),
                    .init("\(counts.eligible)"), .init("\(counts.claimed)"), .init("\(counts.starting)"),
                    .init(word, style),
                ] + extra + [.init(message.asOneLine)])
        }
        return table.text(width: console.outputWidth, colour: console.coloursOutput)
    }

    /// The condition that somebody who reads one line should see.
    private static func headline(of status: PresetStatus) -> (String, Style, String) {
        for kind in [
            Condition.Kind.stalled, .invalid, .suspended, .backingOff, .deletionsHeld, .limited, .deprecated,
            .reconciling,
        ] {
            guard let condition = status[kind] else { continue }
            let style: Style =
                switch kind {
                case .stalled, .invalid: .red
                case .reconciling: .cyan
                default: .yellow
                }
            return (kind.rawValue, style, condition.message)
        }
        let ready = status[.ready]
        return ready?.status == .yes
            ? ("Ready", .green, ready?.message ?? "") : ("NotReady", .yellow, ready?.message ?? "")
    }
}

enum Tables {
    static func workspaces(_ workspaces: [Workspace], now: Timestamp, isWide: Bool, _ console: Console) -> String {
        let wide = isWide ? ["ID", "TEMPLATE", "FINGERPRINT"] : []
        var table = Table(
            ["NAME", "PRESET", "STATE", "VERSION", "OWNER", "AGE"] + wide + ["ENDPOINT"], flexible: "ENDPOINT",
            optional: ["PRESET", "AGE"] + wide + ["VERSION"])
        for workspace in workspaces {
            let extra: [Table.Cell] =
                isWide
                ? [
                    .init(workspace.id.rawValue), .init(workspace.spec.template),
                    .init(workspace.fingerprint.description),
                ] : []
            table.add(
                [
                    .init(workspace.name), .init(workspace.preset.name),
                    .init(workspace.state.rawValue, workspace.state.style), .init(workspace.spec.version),
                    .init(workspace.owner ?? "-"), .init((now - workspace.createdAt).age),
                ] + extra + [.init((workspace.endpoint ?? "-").asOneLine)])
        }
        return table.text(width: console.outputWidth, colour: console.coloursOutput)
    }

    static func operations(_ operations: [Operation], now: Timestamp, _ console: Console) -> String {
        var table = Table(
            ["ID", "TYPE", "WORKSPACE", "PRESET", "STATE", "ATTEMPT", "AGE", "MESSAGE"], flexible: "MESSAGE",
            optional: ["PRESET", "ATTEMPT", "AGE"])
        for operation in operations {
            let message = operation.error ?? operation.reason.rawValue
            table.add([
                .init(operation.id.rawValue), .init(operation.kind.rawValue),
                .init(Workspace.name(preset: operation.preset.name, id: operation.workspace)),
                .init(operation.preset.name), .init(operation.state.rawValue, operation.state.style),
                .init("\(operation.attempt)"), .init((now - operation.createdAt).age), .init(message.asOneLine),
            ])
        }
        return table.text(width: console.outputWidth, colour: console.coloursOutput)
    }

    static func events(_ events: [Event], now: Timestamp, _ console: Console) -> String {
        var table = Table(
            ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"], flexible: "MESSAGE", optional: ["TYPE"])
        for event in events {
            table.add([
                .init((now - event.at).age), .init(event.kind.rawValue, event.kind == .warning ? .yellow : .plain),
                .init(event.reason), .init("\(event.object)/\(Revision(event.name)?.short ?? event.name)"),
                .init(event.message.asOneLine),
            ])
        }
        return table.text(width: console.outputWidth, colour: console.coloursOutput)
    }

    static func sources(_ sources: [SourceStatus], now: Timestamp, _ console: Console) -> String {
        var table = Table(
            ["NAME", "REVISION", "READY", "AGE", "URL", "MESSAGE"], flexible: "MESSAGE", optional: ["URL", "AGE"])
        for source in sources {
            let ready = source.conditions[0]
            let worst = source.conditions.last ?? ready
            table.add([
                .init(source.name), .init(source.record?.applied?.short ?? "-"),
                .init(ready.status.rawValue, ready.status == .yes ? .green : .red),
                .init(source.record?.appliedAt.map { (now - $0).age } ?? "-"), .init(source.url),
                .init(worst.message.asOneLine),
            ])
        }
        return table.text(width: console.outputWidth, colour: console.coloursOutput)
    }

    static func revisions(_ revisions: [RevisionRecord], now: Timestamp, _ console: Console) -> String {
        var table = Table(
            ["SOURCE", "REVISION", "AGE", "CREATED", "DELETED", "CANCELLED", "CONVERGED IN", "AUTHOR", "SUBJECT"],
            flexible: "SUBJECT", optional: ["CANCELLED", "CONVERGED IN", "AUTHOR", "SOURCE"])
        for revision in revisions {
            table.add([
                .init(revision.source), .init(revision.revision.short), .init((now - revision.appliedAt).age),
                .init("\(revision.created)"), .init("\(revision.deleted)"), .init("\(revision.cancelled)"),
                .init(revision.convergedAt.map { ($0 - revision.appliedAt).age } ?? "-"),
                .init((revision.author ?? "-").asOneLine), .init((revision.subject ?? "-").asOneLine),
            ])
        }
        return table.text(width: console.outputWidth, colour: console.coloursOutput)
    }

    static func orphans(_ orphans: [Orphan], now: Timestamp, _ console: Console) -> String {
        var table = Table(["ID", "PROVISIONER", "STATE", "SINCE"], flexible: "ID")
        for orphan in orphans {
            table.add([
                .init(orphan.id.rawValue), .init(orphan.provisioner), .init((orphan.state ?? "-").asOneLine),
                .init((now - orphan.since).age),
            ])
        }
        return table.text(width: console.outputWidth, colour: console.coloursOutput)
    }

    static func templates(_ templates: [(source: String, template: Template)], _ console: Console) -> String {
        var table = Table(
            ["NAME", "PROVISIONER", "ACTIVE VERSION", "PARAMETERS", "DEPRECATED", "FILE"], flexible: "PARAMETERS",
            optional: ["DEPRECATED", "FILE", "PROVISIONER"])
        for (_, template) in templates {
            table.add([
                .init(template.name), .init(template.provisioner ?? "(default)"), .init(template.activeVersion ?? "-"),
                .init(template.parameters.map(\.name).joined(separator: ",")),
                .init(template.deprecated == nil ? "no" : "yes"),
                .init("\(template.origin.file):\(template.origin.line)"),
            ])
        }
        return table.text(width: console.outputWidth, colour: console.coloursOutput)
    }
}

extension WorkspaceState {
    fileprivate var style: Style {
        switch self {
        case .ready: .green
        case .claimed: .cyan
        case .failed, .lost: .red
        case .pending, .creating, .deleting: .yellow
        case .deleted: .dim
        }
    }
}

extension Operation.State {
    fileprivate var style: Style {
        switch self {
        case .succeeded: .green
        case .failed: .red
        case .running: .cyan
        case .pending: .yellow
        case .cancelled: .dim
        }
    }
}
