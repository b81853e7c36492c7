import PrewarmAPI
import PrewarmCore
import PrewarmEngine

extension DocumentTable<PresetDocument> {
    static func presets(now: Timestamp, isWide: Bool) -> DocumentTable {
        let times = ShownTimes(now: now)
        let wide: [Column] =
            isWide
            ? [
                Column("TEMPLATE", text: \.template), Column("VERSION", text: \.version),
                Column("FINGERPRINT", text: \.fingerprint), Column("SOURCE", text: \.source),
                Column("FILE") { .init("\($0.file):\($0.line)") },
            ] : []
        return DocumentTable(
            columns: [
                Column("NAME", text: \.name), Column("READY") { .init("\($0.eligible)/\($0.desired)") },
                Column("DESIRED", number: \.desired), Column("CLAIMABLE", number: \.claimable),
                Column("CLAIMED", number: \.claimed), Column("STARTING", number: \.starting),
                Column("WAITING", numberIfAny: \.waiting), Column("STATUS") { Headline($0).cell },
            ] + wide + [Column("MESSAGE") { .init(times.sentence(Headline($0).message)) }],
            flexible: "MESSAGE",
            optional: ["DESIRED", "STARTING"] + wide.map(\.title) + ["CLAIMED", "CLAIMABLE"])
    }
}

extension DocumentTable<WorkspaceDocument> {
    static func workspaces(now: Timestamp, isWide: Bool) -> DocumentTable {
        let wide: [Column] =
            isWide
            ? [
                Column("ID", text: \.id), Column("TEMPLATE", text: \.template),
                Column("FINGERPRINT", text: \.fingerprint), Column("HANDOVER", text: \.handover?.text),
            ] : []
        return DocumentTable(
            columns: [
                Column("NAME", text: \.name), Column("PRESET", text: \.preset),
                Column("STATE") { .init($0.state.text, Style($0.state)) }, Column("VERSION", text: \.version),
                Column("OWNER", text: \.owner), Column("AGE", age: \.createdAt, now: now),
            ] + wide + [Column("ENDPOINT", text: \.endpoint)],
            // An endpoint and a name that are cut cannot be copied.
            flexible: nil, optional: ["PRESET", "AGE"] + wide.map(\.title) + ["VERSION", "OWNER"])
    }
}

extension DocumentTable<OperationDocument> {
    static func operations(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("ID", text: \.id), Column("TYPE", text: \.type.text),
                Column("WORKSPACE", text: \.workspaceLabel),
                Column("PRESET", text: \.preset), Column("STATE") { .init($0.state.text, Style($0.state)) },
                Column("ATTEMPT", number: \.attempt), Column("AGE", age: \.createdAt, now: now),
                Column("MESSAGE") { .init($0.error?.cause ?? $0.reason) },
            ], flexible: "MESSAGE", optional: ["PRESET", "ATTEMPT", "AGE"])
    }
}

extension DocumentTable<EventDocument> {
    static func events(now: Timestamp) -> DocumentTable {
        let times = ShownTimes(now: now)
        return DocumentTable(
            columns: [
                Column("LAST SEEN", age: \.at, now: now),
                Column("TYPE") { .init($0.type.text, $0.type == .warning ? .yellow : .plain) },
                Column("REASON", text: \.reason), Column("OBJECT", text: \.shortObject),
                Column("MESSAGE") { .init(times.sentence($0.message.cause ?? "-")) },
            ], flexible: "MESSAGE", optional: ["TYPE"])
    }
}

extension DocumentTable<SourceDocument> {
    static func sources(now: Timestamp) -> DocumentTable {
        let times = ShownTimes(now: now)
        return DocumentTable(
            columns: [
                Column("NAME", text: \.name), Column("REVISION", text: \.revision?.shortRevision),
                Column("READY") { .init($0.conditions[.ready]?.status.text ?? "-", $0.isReady ? .green : .red) },
                Column("AGE", age: \.appliedAt, now: now), Column("REPLICA", text: \.replica),
                Column("URL", text: \.url),
                Column("MESSAGE") { .init(times.sentence($0.conditions.last?.message ?? "")) },
            ], flexible: "MESSAGE", optional: ["REPLICA", "URL", "AGE"])
    }
}

extension DocumentTable<RevisionDocument> {
    static func revisions(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("SOURCE", text: \.source), Column("REVISION", text: \.revision.shortRevision),
                Column("AGE", age: \.appliedAt, now: now), Column("CREATED", number: \.created),
                Column("DELETED", number: \.deleted), Column("CANCELED", number: \.cancelled),
                Column("CONVERGED IN") { revision in
                    .init(revision.convergedAt.map { ($0 - revision.appliedAt).age } ?? "-")
                },
                Column("AUTHOR", text: \.author), Column("SUBJECT", text: \.subject),
            ], flexible: "SUBJECT", optional: ["CANCELED", "CONVERGED IN", "AUTHOR", "SOURCE"])
    }
}

extension DocumentTable<OrphanDocument> {
    static func orphans(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("ID", text: \.id), Column("PROVISIONER", text: \.provisioner), Column("STATE", text: \.state),
                Column("SINCE", age: \.since, now: now), Column("STORE", text: \.store),
            ], flexible: "ID", optional: ["STORE"])
    }
}

extension DocumentTable<AuditEntryDocument> {
    static func audit(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("AGE", age: \.at, now: now), Column("WHO", text: \.who), Column("FROM", text: \.from),
                Column("ACTION", text: \.action), Column("OBJECT") { .init("\($0.object) \($0.name)") },
                Column("REVISION", text: \.revision?.shortRevision), Column("DETAIL", text: \.detail),
            ], flexible: "DETAIL", optional: ["REVISION", "FROM"])
    }
}

extension DocumentTable<DeliveryDocument> {
    static func deliveries(now: Timestamp) -> DocumentTable {
        DocumentTable(
            columns: [
                Column("AGE", age: \.at, now: now), Column("WEBHOOK", text: \.webhook), Column("EVENT", text: \.event),
                Column("OUTCOME") { .init($0.outcome, $0.status < 400 ? .green : .red) },
                Column("FROM", text: \.from), Column("ID", text: \.id), Column("MESSAGE", text: \.message),
            ], flexible: "MESSAGE", optional: ["ID", "FROM"])
    }
}

extension DocumentTable<TemplateDocument> {
    static var templates: DocumentTable {
        DocumentTable(
            columns: [
                Column("NAME", text: \.name), Column("PROVISIONER") { .init($0.provisioner ?? "(default)") },
                Column("ACTIVE VERSION", text: \.activeVersion),
                Column("PARAMETERS") { .init($0.parameters.map(\.name).joined(separator: ",")) },
                Column("DEPRECATED") { .init($0.deprecated ? "yes" : "no") },
                Column("FILE") { .init("\($0.file):\($0.line)") },
            ], flexible: "PARAMETERS", optional: ["DEPRECATED", "FILE", "PROVISIONER"])
    }
}

extension EventDocument {
    /// The object of an event, with a revision cut to eight digits.
    fileprivate var shortObject: String {
        let parts = object.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let revision = Revision(String(parts[1])) else { return object }
        return "\(parts[0])/\(revision.short)"
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

    init(_ preset: PresetDocument) {
        for (kind, style) in Self.order {
            guard let condition = preset.conditions[kind] else { continue }
            cell = .init(kind.rawValue, style)
            let isOfBuilds = kind == .stalled || kind == .backingOff
            message = (isOfBuilds ? preset.failure?.cause : nil) ?? condition.message
            return
        }
        let ready = preset.conditions[.ready]
        if ready?.reason == "Pruned" {
            (cell, message) = (.init("Pruned", .yellow), ready?.message ?? "")
            return
        }
        cell = ready.map { $0.status == .yes } == true ? .init("Ready", .green) : .init("NotReady", .yellow)
        message = ready?.message ?? ""
    }
}

extension Style {
    fileprivate init(_ state: Choice<WorkspaceState>) {
        self =
            switch state.known {
            case .ready: .green
            case .claimed: .cyan
            case .failed, .lost, .unhealthy: .red
            case .pending, .creating, .deleting, .suspect: .yellow
            case .deleted: .dim
            case nil: .plain
            }
    }

    fileprivate init(_ state: Choice<Operation.State>) {
        self =
            switch state.known {
            case .succeeded: .green
            case .failed: .red
            case .running: .cyan
            case .pending: .yellow
            case .cancelled: .dim
            case nil: .plain
            }
    }
}
