import ArgumentParser
import PrewarmAPI
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
        try await objects(try await Session.open(global, for: .store)).names()
    }

    private func listing(_ session: Session, _ console: Console) async throws -> Listing {
        if kind == .all { return try await listingOfAll(session, console) }
        return try listing(of: await objects(session), console)
    }

    func listing(of objects: FoundObjects, _ console: Console) throws -> Listing {
        if let field {
            let trees = objects.trees()
            return Listing(text: try values(of: field, in: trees), remark: remark(on: field, in: trees))
        }
        let isTable = output == .table || output == .wide
        let match = selector.map { " that match \($0.text)" } ?? ""
        let remark: TerminalText = "There \(kind == .audit ? "is no" : "are no") \(kind.rawValue)\(match)."
        guard objects.count > 0 || !isTable else { return Listing(text: "", remark: remark) }
        return Listing(text: rendered(objects, console))
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

    private func rendered(_ objects: FoundObjects, _ console: Console) -> TerminalText {
        switch output {
        case .json: TerminalText(document: document(objects).json)
        case .yaml: TerminalText(document: document(objects).yaml)
        case .name: objects.names().map { "\($0)\n" }.joined()
        case .table, .wide: objects.table(console, output == .wide)
        }
    }

    /// Returns a list, or an object if the user named one thing that is not an event or audit entry.
    private func document(_ objects: FoundObjects) -> any Document {
        let isOne = name != nil && kind != .events && kind != .audit
        return isOne ? objects.only ?? objects.list : objects.list
    }
}
