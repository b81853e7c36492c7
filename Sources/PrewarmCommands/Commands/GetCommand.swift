import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "List presets, workspaces, operations, events and more, or show one.",
        discussion: """
            `claims` are the records of claims, granted or not, of the last 90 days. `orphans` are workspaces that a \
            provisioner lists and the store does not know. `audit` is the log of who changed what. `deliveries` are the \
            webhook deliveries that a daemon received. `all` are sources, presets and workspaces. Short names: \
            \(Kind.shortNames).

            Examples:
              prewarm get workspaces --preset go-large --state ready
              prewarm get preset/go-large --output yaml
              prewarm get ws go-large-swqygcqe --field endpoint
              prewarm get presets --selector team=web,size!=large
              prewarm get operations --watch
              prewarm get claims --preset go-large --since 7d
            """
    )

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case presets, templates, workspaces, claims, operations, events, sources, revisions, orphans, audit, deliveries
        case all

        init?(argument: String) {
            if let kind = Self.aliases[argument] ?? Self(rawValue: argument) ?? Self(rawValue: argument + "s") {
                self = kind
            } else {
                return nil
            }
        }
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The kind of objects, or KIND/NAME.", valueName: "kind"))
    var object: ObjectArgument<Kind>

    @Argument(help: "The name or ID of one object (default: all objects).", completion: .objects)
    var name: String?

    @Option(name: .shortAndLong, help: "The output format.")
    var output = OutputFormat.table

    @Option(help: ArgumentHelp("Print only this value of each object, for example endpoint.", valueName: "path"))
    var field: FieldPath?

    @Flag(name: .shortAndLong, help: "Check every second, and print the list again when it changes.")
    var watch = false

    @Option(help: ArgumentHelp("Show only objects of this preset.", valueName: "name"), completion: .presets)
    var preset: String?

    @Option(help: ArgumentHelp("Show only workspaces or operations in this state.", valueName: "state"))
    var state: String?

    @Option(help: ArgumentHelp("Show only workspaces or claims of this owner.", valueName: "name"))
    var owner: String?

    @Option(
        name: [.customShort("l"), .long],
        help: ArgumentHelp(
            "Show only presets or templates whose labels match, for example team=web,size!=large.",
            valueName: "selector"))
    var selector: LabelSelector?

    @Flag(help: "Show only your own claims.")
    var mine = false

    @Option(
        help: ArgumentHelp(
            "Show only claims since a time: a duration such as 7d, or a time such as 2026-11-24T18:00:00Z.",
            valueName: "time"),
        transform: PastMoment.init(argument:))
    var since: PastMoment?

    var kind: Kind { object.kind }

    mutating func validate() throws {
        name = try object.name(or: name)
        object.name = nil
        try checkAll()
        if kind != .claims, mine || since != nil {
            throw ValidationError(
                "cannot use \(mine ? "--mine" : "--since") with \(kind.rawValue): it selects claims")
        }
        if let field, output != .table {
            throw ValidationError(
                "cannot use --field \(field.text) with --output \(output.rawValue): it prints one value")
        }
        if let state {
            let known: [String] =
                switch kind {
                case .workspaces: WorkspaceState.allCases.map(\.rawValue)
                case .operations: Operation.State.allCases.map(\.rawValue)
                default:
                    throw ValidationError(
                        "cannot use --state \(state) with \(kind.rawValue): it selects workspaces or operations")
                }
            guard known.contains(state) else {
                let close = known.closest(to: state).map { "\nhint: did you mean '\($0)'?" } ?? ""
                throw ValidationError(
                    "invalid --state \"\(state)\": it must be one of \(known.joined(separator: ", "))\(close)")
            }
        }
        if let owner, kind != .workspaces, kind != .claims {
            throw ValidationError(
                "cannot use --owner \(owner) with \(kind.rawValue): it selects workspaces or claims")
        }
        if let selector, kind != .presets, kind != .templates {
            throw ValidationError(
                "cannot use --selector \(selector.text) with \(kind.rawValue): it selects presets or templates")
        }
        if let preset, [.sources, .templates, .revisions, .orphans, .audit, .deliveries, .all].contains(kind) {
            throw ValidationError(
                "cannot use --preset \(preset) with \(kind.rawValue): "
                    + "it selects presets, workspaces, claims, operations or events")
        }
    }

    func run() async throws {
        try await finish(global, runsUntilSignal: watch) { console in
            let session = try await Session.open(global, for: .store)
            var last: Listing?
            while true {
                let listing = try await listing(session, console)
                if listing != last {
                    if last != nil, output == .table || output == .wide { console.write("\n") }
                    console.write(listing.text)
                    if let remark = listing.remark { console.note(remark) }
                }
                last = listing
                guard watch else { return }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// The data of a list, and a remark for people if it is empty.
    struct Listing: Equatable {
        var text: TerminalText
        var remark: TerminalText?
    }

    /// Returns the names of the objects, as other commands take them.
    func names() async throws -> [String] {
        kind.names(of: try await documents(try await Session.open(global, for: .store)))
    }

    private func listing(_ session: Session, _ console: Console) async throws -> Listing {
        if kind == .all { return try await listingOfAll(session, console) }
        return try await listing(of: documents(session), session, console)
    }

    func listing(of documents: [Value], _ session: Session, _ console: Console) async throws -> Listing {
        if let field {
            return Listing(text: try values(of: field, in: documents), remark: remark(on: field, in: documents))
        }
        let isTable = output == .table || output == .wide
        let match = selector.map { " that match \($0.text)" } ?? ""
        let remark: TerminalText = "There \(kind == .audit ? "is no" : "are no") \(kind.rawValue)\(match)."
        guard !documents.isEmpty || !isTable else { return Listing(text: "", remark: remark) }
        return Listing(text: try await rendered(documents, session, console))
    }

    /// Returns one line for each object.
    /// - Throws: ``CommandFailure`` if the user named one object and it has no such value.
    private func values(of field: FieldPath, in documents: [Value]) throws -> TerminalText {
        if name != nil, documents.count == 1, field.text(in: documents[0]) == nil {
            throw CommandFailure(
                "cannot find the field \(field.text) of the \(kind.singular) \(name ?? "")",
                hint: "see its fields: `prewarm get \(kind.rawValue) \(name ?? "") --output json`")
        }
        return documents.map { (field.text(in: $0) ?? "") + "\n" }.joined()
    }

    /// Returns a remark if no object of a list has the field, because its name may be misspelled.
    private func remark(on field: FieldPath, in documents: [Value]) -> TerminalText? {
        guard !documents.isEmpty, documents.allSatisfy({ field.text(in: $0) == nil }) else { return nil }
        let known = Set(documents.prefix(100).flatMap { $0.pairs.map(\.key) }).sorted()
        let close = known.contains(field.text) ? nil : known.closest(to: field.text)
        let advice =
            close.map { "Did you mean \($0)?" } ?? "To see all fields: `prewarm get \(kind.rawValue) --output json`"
        return "No object has the field \(field.text). \(advice)"
    }

    private func rendered(_ documents: [Value], _ session: Session, _ console: Console) async throws -> TerminalText {
        switch output {
        case .json: return TerminalText(document: value(documents).json)
        case .yaml: return TerminalText(document: value(documents).yaml)
        case .name: return kind.names(of: documents).map { "\($0)\n" }.joined()
        case .table, .wide:
            let table = kind.table(now: await session.now(), isWide: output == .wide)
            let areOfMany = kind.isNamedInSource && Set(documents.map { $0.text("source") }).count > 1
            return (areOfMany ? table.withSources : table).text(documents, console, isWide: output == .wide)
        }
    }

    /// Returns an array for a list, and an object if the user named one thing that is not an event or audit entry.
    private func value(_ documents: [Value]) -> Value {
        name != nil && kind != .events && kind != .audit && documents.count == 1 ? documents[0] : .array(documents)
    }

    func documents(_ session: Session) async throws -> [Value] {
        switch kind {
        case .all: return []
        case .presets:
            let name = name ?? preset
            return try await selected(
                named(session.pages("presets", query: ["name": name]), name) {
                    try await session.pages("presets")
                })
        case .templates:
            return try await selected(
                named(session.list("templates", query: ["name": name]), name) {
                    try await session.list("templates")
                })
        case .workspaces:
            if let name { return [try await session.get("workspaces", name).shown(as: .workspaces)] }
            return try await session.pages("workspaces", query: ["preset": preset, "state": state, "owner": owner])
        case .claims:
            if let name { return [try await session.get("claims", name)] }
            let now = await session.now()
            let start = since?.time(before: now).description
            return try await session.pages(
                "claims",
                query: [
                    "preset": preset, "owner": owner, "mine": mine ? "true" : nil,
                    "since": start,
                ])
        case .operations:
            if let name { return [try await session.get("operations", name).shown(as: .operations)] }
            return try await session.pages("operations", query: ["preset": preset, "state": state])
        case .events: return try await session.list("events", query: ["preset": name ?? preset, "limit": "500"])
        case .orphans: return try await filtered(session.list("orphans")) { $0.text("id") == name }
        case .sources: return try await filtered(session.list("sources")) { $0.text("name") == name }
        case .audit: return try await filtered(session.pages("audit")) { $0.isEntry(of: name ?? "") }
        case .deliveries:
            guard session.local == nil else {
                throw CommandFailure(
                    "cannot list webhook deliveries: only the daemon that received them knows them",
                    hint: "ask the daemon: `prewarm get deliveries --server URL`")
            }
            return try await filtered(session.list("deliveries")) { $0.text("id") == name }
        case .revisions:
            let digits = name.map { $0.split(separator: ":").last.map(String.init) ?? $0 } ?? ""
            return try await filtered(session.list("revisions", query: ["limit": "1000"])) { document in
                document.text("revision").flatMap { Revision($0) }?.commit.hasPrefix(digits) ?? false
            }
        }
    }

    private func selected(_ documents: [Value]) -> [Value] {
        selector.map { selector in documents.filter(selector.matches) } ?? documents
    }

    private func filtered(_ documents: [Value], _ isWanted: (Value) -> Bool) async throws -> [Value] {
        try await named(name == nil ? documents : documents.filter(isWanted), name) { documents }
    }

    /// Returns the documents that have a name.
    /// - Parameter all: Returns the documents of all names, for the hint if none has this one.
    /// - Throws: ``CommandFailure`` if there is a name and no document.
    private func named(
        _ documents: [Value], _ name: String?, among all: () async throws -> [Value]
    ) async throws -> [Value] {
        guard documents.isEmpty, let name else { return documents }
        let known = (try? await all())?.compactMap { $0.text("name") } ?? []
        throw CommandFailure(
            "cannot find the \(kind.singular) \"\(name)\"",
            hint: known.closest(to: name).map { "did you mean \"\($0)\"?" }
                ?? "list them: `prewarm get \(kind.rawValue)`")
    }
}

extension GetCommand.Kind {
    fileprivate var singular: String {
        switch self {
        case .audit: "audit entry for"
        case .deliveries: "delivery"
        case .all: "object"
        default: String(rawValue.dropLast())
        }
    }

    fileprivate func table(now: Timestamp, isWide: Bool) -> DocumentTable {
        switch self {
        case .presets, .all: .presets(now: now, isWide: isWide)
        case .templates: .templates
        case .workspaces: .workspaces(now: now, isWide: isWide)
        case .claims: .claims(now: now)
        case .operations: .operations(now: now)
        case .events: .events(now: now)
        case .sources: .sources(now: now)
        case .revisions: .revisions(now: now)
        case .orphans: .orphans(now: now)
        case .audit: .audit(now: now)
        case .deliveries: .deliveries(now: now)
        }
    }

    /// Returns the names of documents as other commands take them. If several sources have the name, the source is in
    /// front: `team-a/go-large`.
    func names(of documents: [Value]) -> [String] {
        let names = documents.map { $0.text(nameKey) ?? "" }
        guard isNamedInSource else { return names }
        let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
        return zip(documents, names).map { document, name in
            counts[name] == 1 ? name : "\(document.text("source") ?? "")/\(name)"
        }
    }

    /// Several sources may have an object of this kind with the same name.
    fileprivate var isNamedInSource: Bool { self == .presets || self == .templates }

    private var nameKey: String {
        switch self {
        case .presets, .templates, .workspaces, .sources, .all: "name"
        case .claims, .operations, .orphans, .deliveries: "id"
        case .events, .audit: "object"
        case .revisions: "revision"
        }
    }
}

extension Value {
    /// Returns true if an audit entry is about the object that a user names. The user may write `go-large`,
    /// `presets/go-large` (with the source), `preset/go-large`, or `preset` for all presets.
    fileprivate func isEntry(of name: String) -> Bool {
        let object = text("object") ?? ""
        // An entry about several sources has their names in one text.
        let names = (text("name") ?? "").split(separator: ", ").map(String.init)
        return name == object
            || names.contains { own in
                [own, "\(object)/\(own)"].contains(name) || own.split(separator: "/").last.map(String.init) == name
            }
    }

    /// Returns a description without the members that only `describe` shows.
    fileprivate func shown(as kind: GetCommand.Kind) -> Value {
        let more: Set<String> =
            kind == .workspaces
            ? ["provisioner", "isCurrent", "because", "commit", "manifest", "operations"] : ["workspaceName", "logEnd"]
        return .object(pairs.filter { !more.contains($0.key) })
    }
}
