import PrewarmCore
import PrewarmEngine

extension DocumentTable {
    static func presets(now: Timestamp, isWide: Bool) -> DocumentTable {
        let times = ShownTimes(now: now)
        let wide: [Column] =
            isWide
            ? [
                Column("TEMPLATE", text: "template"), Column("VERSION", text: "version"),
                Column("FINGERPRINT", text: "fingerprint"), Column("SOURCE", text: "source"),
                Column("FILE") { .init("\($0.text("file") ?? "-"):\($0.number("line"))") },
            ] : []
        return DocumentTable(
            columns: [
                Column("NAME", text: "name"),
                Column("READY") { .init("\($0.number("eligible"))/\($0.number("desired"))") },
                Column("DESIRED", text: "desired"),
                Column("CLAIMABLE", text: "claimable"), Column("CLAIMED", text: "claimed"),
                Column("STARTING", text: "starting"), Column("WAITING", numberIfAny: "waiting"),
                Column("STATUS") { Headline($0).cell },
            ] + wide + [Column("MESSAGE") { .init(times.sentence(Headline($0).message)) }],
            flexible: "MESSAGE",
            optional: ["DESIRED", "STARTING"] + wide.map(\.title) + ["CLAIMED", "CLAIMABLE"])
    }

    static func workspaces(now: Timestamp, isWide: Bool) -> DocumentTable {
        let wide: [Column] =
            isWide
            ? [
                Column("ID", text: "id"), Column("TEMPLATE", text: "template"),
                Column("FINGERPRINT", text: "fingerprint"), Column("HANDOVER", text: "handover"),
            ] : []
        return DocumentTable(
            columns: [
                Column("NAME", text: "name"), Column("PRESET", text: "preset"),
                Column("STATE") { .init($0.text("state") ?? "-", Style(workspaceState: $0.text("state"))) },
                Column("VERSION", text: "version"), Column("OWNER", text: "owner"),
                Column("AGE", age: "createdAt", now: now),
            ] + wide + [Column("ENDPOINT", text: "endpoint")],
            // An endpoint and a name that are cut cannot be copied.
            flexible: nil, optional: ["PRESET", "AGE"] + wide.map(\.title) + ["VERSION", "OWNER"])
    }

    static func operations(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("ID", text: "id"), Column("TYPE", text: "type"),
                Column("WORKSPACE") { .init($0.workspaceName) }, Column("PRESET", text: "preset"),
                Column("STATE") { .init($0.text("state") ?? "-", Style(operationState: $0.text("state"))) },
                Column("ATTEMPT", text: "attempt"), Column("AGE", age: "createdAt", now: now),
                Column("MESSAGE") { .init($0.text("error")?.cause ?? $0.text("reason") ?? "") },
            ], flexible: "MESSAGE", optional: ["PRESET", "ATTEMPT", "AGE"])
    }

    static func events(now: Timestamp) -> DocumentTable {
        let times = ShownTimes(now: now)
        return DocumentTable(
            columns: [
                Column("LAST SEEN", age: "at", now: now),
                Column("TYPE") { .init($0.text("type") ?? "-", $0.text("type") == "Warning" ? .yellow : .plain) },
                Column("REASON", text: "reason"), Column("OBJECT") { .init($0.shortObject) },
                Column("MESSAGE") { .init(times.sentence($0.text("message")?.cause ?? "-")) },
            ], flexible: "MESSAGE", optional: ["TYPE"])
    }

    static func sources(now: Timestamp) -> DocumentTable {
        let times = ShownTimes(now: now)
        return DocumentTable(
            columns: [
                Column("NAME", text: "name"), Column("REVISION") { .init($0.shortRevision("revision") ?? "-") },
                Column("READY") { source in
                    let status = source.condition(.ready)?.text("status") ?? "-"
                    return .init(status, status == "True" ? .green : .red)
                },
                Column("AGE", age: "appliedAt", now: now), Column("REPLICA", text: "replica"),
                Column("URL", text: "url"),
                Column("MESSAGE") { .init(times.sentence($0.list("conditions").last?.text("message") ?? "")) },
            ], flexible: "MESSAGE", optional: ["REPLICA", "URL", "AGE"])
    }

    static func revisions(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("SOURCE", text: "source"), Column("REVISION") { .init($0.shortRevision("revision") ?? "-") },
                Column("AGE", age: "appliedAt", now: now), Column("CREATED", text: "created"),
                Column("DELETED", text: "deleted"), Column("CANCELED", text: "cancelled"),
                Column("CONVERGED IN") { revision in
                    guard let end = revision.time("convergedAt"), let start = revision.time("appliedAt") else {
                        return "-"
                    }
                    return .init((end - start).age)
                },
                Column("AUTHOR", text: "author"), Column("SUBJECT", text: "subject"),
            ], flexible: "SUBJECT", optional: ["CANCELED", "CONVERGED IN", "AUTHOR", "SOURCE"])
    }

    static func orphans(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("ID", text: "id"), Column("PROVISIONER", text: "provisioner"), Column("STATE", text: "state"),
                Column("SINCE", age: "since", now: now), Column("STORE", text: "store"),
            ], flexible: "ID", optional: ["STORE"])
    }

    static func audit(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("AGE", age: "at", now: now), Column("WHO", text: "who"), Column("FROM", text: "from"),
                Column("ACTION", text: "action"), Column("OBJECT") { .init($0.objectWithName) },
                Column("REVISION") { .init($0.shortRevision("revision") ?? "-") }, Column("DETAIL", text: "detail"),
            ], flexible: "DETAIL", optional: ["REVISION", "FROM"])
    }

    static func deliveries(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("AGE", age: "at", now: now), Column("WEBHOOK", text: "webhook"), Column("EVENT", text: "event"),
                Column("OUTCOME") { delivery in
                    let outcome = delivery.text("outcome") ?? "-"
                    return .init(outcome, delivery.number("status") < 400 ? .green : .red)
                },
                Column("FROM", text: "from"), Column("ID", text: "id"), Column("MESSAGE", text: "message"),
            ], flexible: "MESSAGE", optional: ["ID", "FROM"])
    }

    static var templates: DocumentTable {
        DocumentTable(
            columns: [
                Column("NAME", text: "name"),
                Column("PROVISIONER") { .init($0.text("provisioner") ?? "(default)") },
                Column("ACTIVE VERSION", text: "activeVersion"),
                Column("PARAMETERS") {
                    .init($0.list("parameters").compactMap { $0.text("name") }.joined(separator: ","))
                },
                Column("DEPRECATED", text: "deprecated"),
                Column("FILE") { .init("\($0.text("file") ?? "-"):\($0.number("line"))") },
            ], flexible: "PARAMETERS", optional: ["DEPRECATED", "FILE", "PROVISIONER"])
    }
}

extension Value {
    /// The object of an event, with a revision cut to eight digits.
    fileprivate var shortObject: String {
        let parts = (text("object") ?? "").split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let revision = Revision(String(parts[1])) else { return text("object") ?? "-" }
        return "\(parts[0])/\(revision.short)"
    }

    /// The kind and the name of an audit entry's object, for example `preset team-a/go-large`.
    fileprivate var objectWithName: String {
        [text("object"), text("name")].compactMap(\.self).joined(separator: " ")
    }

    /// The name of an operation's workspace: the preset and the end of the workspace's ID.
    var workspaceName: String {
        Workspace.name(preset: text("preset") ?? "", id: WorkspaceID(text("workspace") ?? ""))
    }
}

/// The most important condition of a preset, for a table with one line for each preset. If builds fail, the message is the
/// cause.
private struct Headline {
    let cell: Table.Cell
    let message: String

    private static let order: [(kind: Condition.Kind, style: Style)] = [
        (.stalled, .red), (.invalid, .red), (.suspended, .yellow), (.backingOff, .yellow), (.deletionsHeld, .yellow),
        (.limited, .yellow), (.deprecated, .yellow), (.reconciling, .cyan),
    ]

    init(_ preset: Value) {
        for (kind, style) in Self.order {
            guard let condition = preset.condition(kind) else { continue }
            cell = .init(kind.rawValue, style)
            let isOfBuilds = kind == .stalled || kind == .backingOff
            message = (isOfBuilds ? preset["failure"]?.text("cause") : nil) ?? condition.text("message") ?? ""
            return
        }
        let ready = preset.condition(.ready)
        if ready?.text("reason") == "Pruned" {
            (cell, message) = (.init("Pruned", .yellow), ready?.text("message") ?? "")
            return
        }
        cell = ready?.text("status") == "True" ? .init("Ready", .green) : .init("NotReady", .yellow)
        message = ready?.text("message") ?? ""
    }
}

extension Style {
    fileprivate init(workspaceState state: String?) {
        self =
            switch state.flatMap(WorkspaceState.init(rawValue:)) {
            case .ready: .green
            case .claimed: .cyan
            case .failed, .lost, .unhealthy: .red
            case .pending, .creating, .deleting, .suspect: .yellow
            case .deleted: .dim
            case nil: .plain
            }
    }

    fileprivate init(operationState state: String?) {
        self =
            switch state.flatMap(Operation.State.init(rawValue:)) {
            case .succeeded: .green
            case .failed: .red
            case .running: .cyan
            case .pending: .yellow
            case .cancelled: .dim
            case nil: .plain
            }
    }
}
