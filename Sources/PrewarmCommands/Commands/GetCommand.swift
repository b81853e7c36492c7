import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "List presets, templates, workspaces, operations, events, sources and more, or show one.",
        discussion: """
            KIND is one of presets, templates, workspaces, operations, events, sources, revisions, orphans, audit \
            (who changed what) and deliveries (of webhooks; a daemon knows them).
            """
    )

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case presets, templates, workspaces, operations, events, sources, revisions, orphans, audit, deliveries

        init?(argument: String) {
            if argument == "delivery" {
                self = .deliveries
            } else {
                self.init(rawValue: argument.hasSuffix("s") || argument == "audit" ? argument : argument + "s")
            }
        }
    }

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: "presets, templates, workspaces, operations, events, sources, revisions, orphans, audit or deliveries.")
    var kind: Kind

    @Argument(help: "Only this one.")
    var name: String?

    @Option(name: .shortAndLong, help: "table, wide, json, yaml or name.")
    var output = OutputFormat.table

    @Flag(name: .shortAndLong, help: "Go on, and print again whatever changes.")
    var watch = false

    @Option(help: ArgumentHelp("Only what belongs to this preset.", valueName: "name"))
    var preset: String?

    @Option(help: ArgumentHelp("Only workspaces or operations in this state.", valueName: "state"))
    var state: String?

    @Option(help: ArgumentHelp("Only workspaces of this owner.", valueName: "who"))
    var owner: String?

    func validate() throws {
        if let state {
            let known: [String] =
                switch kind {
                case .workspaces: WorkspaceState.allCases.map(\.rawValue)
                case .operations: Operation.State.allCases.map(\.rawValue)
                default: throw ValidationError("--state goes with workspaces and operations")
                }
            guard known.contains(state) else {
                throw ValidationError("no state \"\(state)\"; one of \(known.joined(separator: ", "))")
            }
        }
        if owner != nil, kind != .workspaces { throw ValidationError("--owner goes with workspaces") }
        if preset != nil, [.sources, .templates, .revisions, .orphans, .audit, .deliveries].contains(kind) {
            throw ValidationError("--preset makes no sense for \(kind.rawValue)")
        }
    }

    func run() async throws {
        try await finish(global, goesOn: watch) { console in
            let session = try await Session.open(global)
            var last: TerminalText?
            while true {
                let text = try await render(session, console)
                if text != last {
                    if last != nil, output == .table || output == .wide { console.write("\n") }
                    console.write(text)
                }
                last = text
                guard watch else { return }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func render(_ session: Session, _ console: Console) async throws -> TerminalText {
        let documents = try await documents(session)
        switch output {
        case .json: return TerminalText(document: value(documents).json)
        case .yaml: return TerminalText(document: value(documents).yaml)
        case .name: return kind.names(of: documents).map { "\($0)\n" }.joined()
        case .table, .wide:
            guard !documents.isEmpty else { return "There \(kind == .audit ? "is no" : "are no") \(kind.rawValue).\n" }
            let table = kind.table(now: await session.now(), isWide: output == .wide)
            let areOfMany = kind.isNamedInSource && Set(documents.map { $0.text("source") }).count > 1
            return (areOfMany ? table.withSources : table).text(documents, console, isWide: output == .wide)
        }
    }

    /// Lists are arrays, single things are objects.
    private func value(_ documents: [Value]) -> Value {
        name != nil && kind != .events && kind != .audit && documents.count == 1 ? documents[0] : .array(documents)
    }

    private func documents(_ session: Session) async throws -> [Value] {
        switch kind {
        case .presets: return try await named(session.pages("presets", query: ["name": name ?? preset]), name ?? preset)
        case .templates: return try await named(session.list("templates", query: ["name": name]), name)
        case .workspaces:
            if let name { return [try await session.get("workspaces", name).shown(as: .workspaces)] }
            return try await session.pages("workspaces", query: ["preset": preset, "state": state, "owner": owner])
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
                    "deliveries of webhooks are known to the daemon that got them",
                    hint: "ask it: `prewarm get deliveries --server URL`")
            }
            return try await filtered(session.list("deliveries")) { $0.text("id") == name }
        case .revisions:
            let digits = name.map { $0.split(separator: ":").last.map(String.init) ?? $0 } ?? ""
            return try await filtered(session.list("revisions", query: ["limit": "1000"])) { document in
                document.text("revision").flatMap { Revision($0) }?.commit.hasPrefix(digits) ?? false
            }
        }
    }

    private func filtered(_ documents: [Value], _ isWanted: (Value) -> Bool) throws -> [Value] {
        try named(name == nil ? documents : documents.filter(isWanted), name)
    }

    private func named(_ documents: [Value], _ name: String?) throws -> [Value] {
        if documents.isEmpty, let name {
            throw CommandFailure(
                "there is no \(kind.singular) \"\(name)\"", hint: "see `prewarm get \(kind.rawValue)`")
        }
        return documents
    }
}

extension GetCommand.Kind {
    fileprivate var singular: String {
        switch self {
        case .audit: "audit entry of"
        case .deliveries: "delivery"
        default: String(rawValue.dropLast())
        }
    }

    fileprivate func table(now: Timestamp, isWide: Bool) -> DocumentTable {
        switch self {
        case .presets: .presets(isWide: isWide)
        case .templates: .templates
        case .workspaces: .workspaces(now: now, isWide: isWide)
        case .operations: .operations(now: now)
        case .events: .events(now: now)
        case .sources: .sources(now: now)
        case .revisions: .revisions(now: now)
        case .orphans: .orphans(now: now)
        case .audit: .audit(now: now)
        case .deliveries: .deliveries(now: now)
        }
    }

    /// What each is called in other commands: a name that two sources have, with its source.
    fileprivate func names(of documents: [Value]) -> [String] {
        let names = documents.map { $0.text(nameKey) ?? "" }
        guard isNamedInSource else { return names }
        let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
        return zip(documents, names).map { document, name in
            counts[name] == 1 ? name : "\(document.text("source") ?? "")/\(name)"
        }
    }

    /// Several sources may have one of the same name.
    fileprivate var isNamedInSource: Bool { self == .presets || self == .templates }

    private var nameKey: String {
        switch self {
        case .presets, .templates, .workspaces, .sources: "name"
        case .operations, .orphans, .deliveries: "id"
        case .events, .audit: "object"
        case .revisions: "revision"
        }
    }
}

extension Value {
    /// Whether an audit entry is about what a user names: `go-large`, `presets/go-large`, `preset/go-large`, or every
    /// `preset`.
    fileprivate func isEntry(of name: String) -> Bool {
        let object = text("object") ?? ""
        // An entry can name several sources.
        let names = (text("name") ?? "").split(separator: ", ").map(String.init)
        return name == object
            || names.contains { own in
                [own, "\(object)/\(own)"].contains(name) || own.split(separator: "/").last.map(String.init) == name
            }
    }

    /// A description without what `get` does not show.
    fileprivate func shown(as kind: GetCommand.Kind) -> Value {
        let more: Set<String> =
            kind == .workspaces
            ? ["provisioner", "isCurrent", "because", "commit", "manifest", "operations"] : ["workspaceName", "logEnd"]
        return .object(pairs.filter { !more.contains($0.key) })
    }
}
