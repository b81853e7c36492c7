import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The objects of one kind that `get` found, with everything that its output needs.
struct FoundObjects {
    let count: Int
    /// The documents as a list.
    let list: any Document
    /// The document, if there is exactly one.
    let only: (any Document)?
    /// Returns the names as other commands take them.
    let names: () -> [String]
    /// Returns the table.
    let table: (_ console: Console, _ isWide: Bool) -> TerminalText
    /// Returns the documents without their types, for looking up a field.
    let trees: () -> [Value]

    /// - Parameters:
    ///   - name: Returns the name of an object.
    ///   - source: Returns the source of an object, if several sources may have objects of the same name.
    init<Row: Document>(
        _ rows: [Row], _ table: DocumentTable<Row>, name: @escaping (Row) -> String,
        source: ((Row) -> String)? = nil
    ) {
        count = rows.count
        list = rows
        only = rows.count == 1 ? rows[0] : nil
        names = { Self.names(of: rows, name, source) }
        self.table = { console, isWide in
            let isOfMany = source.map { source in Set(rows.map(source)).count > 1 } ?? false
            let shown = isOfMany ? source.map { table.with(source: $0) } ?? table : table
            return shown.text(rows, console, isWide: isWide)
        }
        trees = { rows.map(\.tree) }
    }

    /// Returns the names. If several sources have the name, the source is in front: `team-a/go-large`.
    private static func names<Row>(
        of rows: [Row], _ name: (Row) -> String, _ source: ((Row) -> String)?
    ) -> [String] {
        let names = rows.map(name)
        guard let source else { return names }
        let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
        return zip(rows, names).map { row, name in counts[name] == 1 ? name : "\(source(row))/\(name)" }
    }
}

/// The objects of each kind.
extension GetCommand {
    func objects(_ session: Session) async throws -> FoundObjects {
        let (now, isWide) = (await session.now(), output == .wide)
        switch kind {
        case .all: return FoundObjects([SourceDocument](), .sources(now: now), name: \.name)
        case .presets:
            return FoundObjects(
                try await presets(session), .presets(now: now, isWide: isWide), name: \.name, source: \.source)
        case .templates:
            return FoundObjects(try await templates(session), .templates, name: \.name, source: \.source)
        case .workspaces:
            return FoundObjects(
                try await workspaces(session), .workspaces(now: now, isWide: isWide), name: \.name)
        case .claims: return FoundObjects(try await claims(session, now: now), .claims(now: now), name: \.id)
        case .operations: return FoundObjects(try await operations(session), .operations(now: now), name: \.id)
        case .events:
            let events: [EventDocument] = try await session.get(
                "events", query: ["preset": name ?? preset, "limit": "500"])
            return FoundObjects(events, .events(now: now), name: \.object)
        case .sources: return FoundObjects(try await sources(session), .sources(now: now), name: \.name)
        case .revisions: return FoundObjects(try await revisions(session), .revisions(now: now), name: \.revision)
        case .orphans:
            let orphans: [OrphanDocument] = try await session.get("orphans")
            return FoundObjects(try filtered(orphans) { $0.id == name }, .orphans(now: now), name: \.id)
        case .audit:
            let entries: [AuditEntryDocument] = try await session.pages("audit")
            return FoundObjects(
                try filtered(entries) { $0.isEntry(of: name ?? "") }, .audit(now: now), name: \.object)
        case .deliveries:
            return FoundObjects(try await deliveries(session), .deliveries(now: now), name: { $0.id ?? "" })
        }
    }

    func presets(_ session: Session) async throws -> [PresetDocument] {
        let name = name ?? preset
        let found: [PresetDocument] = try await session.pages("presets", query: ["name": name])
        let all: [PresetDocument] = found.isEmpty && name != nil ? (try? await session.pages("presets")) ?? [] : []
        return try named(found, name, among: all.map(\.name)).filter { selector?.matches($0.labels) ?? true }
    }

    private func templates(_ session: Session) async throws -> [TemplateDocument] {
        let found: [TemplateDocument] = try await session.get("templates", query: ["name": name])
        let all: [TemplateDocument] = found.isEmpty && name != nil ? (try? await session.get("templates")) ?? [] : []
        return try named(found, name, among: all.map(\.name)).filter { selector?.matches($0.labels) ?? true }
    }

    func workspaces(_ session: Session) async throws -> [WorkspaceDocument] {
        if let name { return [try await session.get("workspaces", name)] }
        return try await session.pages("workspaces", query: ["preset": preset, "state": state, "owner": owner])
    }

    private func claims(_ session: Session, now: Timestamp) async throws -> [ClaimDocument] {
        if let name { return [try await session.get("claims", name)] }
        return try await session.pages(
            "claims",
            query: [
                "preset": preset, "owner": owner, "mine": mine ? "true" : nil,
                "since": since?.time(before: now).description,
            ])
    }

    private func operations(_ session: Session) async throws -> [OperationDocument] {
        if let name { return [try await session.get("operations", name)] }
        return try await session.pages("operations", query: ["preset": preset, "state": state])
    }

    func sources(_ session: Session) async throws -> [SourceDocument] {
        let sources: [SourceDocument] = try await session.get("sources")
        return try filtered(sources, names: sources.map(\.name)) { $0.name == name }
    }

    private func revisions(_ session: Session) async throws -> [RevisionDocument] {
        let digits = name.map { $0.split(separator: ":").last.map(String.init) ?? $0 } ?? ""
        let revisions: [RevisionDocument] = try await session.get("revisions", query: ["limit": "1000"])
        return try filtered(revisions) { Revision($0.revision)?.commit.hasPrefix(digits) ?? false }
    }

    private func deliveries(_ session: Session) async throws -> [DeliveryDocument] {
        guard session.local == nil else {
            throw CommandFailure(
                "cannot list webhook deliveries: only the daemon that received them knows them",
                hint: "ask the daemon: `prewarm get deliveries --server URL`")
        }
        let deliveries: [DeliveryDocument] = try await session.get("deliveries")
        return try filtered(deliveries) { $0.id == name }
    }

    /// Returns the documents that the user named; all if the user named none.
    private func filtered<Row>(
        _ documents: [Row], names: [String] = [], _ isWanted: (Row) -> Bool
    ) throws -> [Row] {
        try named(name == nil ? documents : documents.filter(isWanted), name, among: names)
    }

    /// Returns the documents that have a name.
    /// - Parameter known: The names of all documents, for the hint if none has this one.
    /// - Throws: ``CommandFailure`` if there is a name and no document.
    private func named<Row>(_ documents: [Row], _ name: String?, among known: [String]) throws -> [Row] {
        guard documents.isEmpty, let name else { return documents }
        throw CommandFailure(
            "cannot find the \(kind.singular) \"\(name)\"",
            hint: known.closest(to: name).map { "did you mean \"\($0)\"?" }
                ?? "list them: `prewarm get \(kind.rawValue)`")
    }
}

extension GetCommand.Kind {
    /// The name of one object, for messages.
    var singular: String {
        switch self {
        case .audit: "audit entry for"
        case .deliveries: "delivery"
        case .all: "object"
        default: String(rawValue.dropLast())
        }
    }
}

extension AuditEntryDocument {
    /// Returns true if an audit entry is about the object that a user names. The user may write `go-large`,
    /// `presets/go-large` (with the source), `preset/go-large`, or `preset` for all presets.
    fileprivate func isEntry(of name: String) -> Bool {
        // An entry about several sources has their names in one text.
        let names = self.name.split(separator: ", ").map(String.init)
        return name == object
            || names.contains { own in
                [own, "\(object)/\(own)"].contains(name) || own.split(separator: "/").last.map(String.init) == name
            }
    }
}
