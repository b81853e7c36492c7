import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "List presets, templates, workspaces, operations, events, sources, revisions or orphans, or show one."
    )

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case presets, templates, workspaces, operations, events, sources, revisions, orphans

        init?(argument: String) {
            let plural = argument.hasSuffix("s") ? argument : argument + "s"
            self.init(rawValue: plural)
        }
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "presets, templates, workspaces, operations, events, sources, revisions or orphans.")
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
        if preset != nil, [.sources, .templates, .revisions, .orphans].contains(kind) {
            throw ValidationError("--preset makes no sense for \(kind.rawValue)")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            var last: String?
            while true {
                let text = try await render(context, console)
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

    private func render(_ context: Context, _ console: Console) async throws -> String {
        let now = context.engine.now()
        switch kind {
        case .presets:
            let wanted = name ?? preset
            let statuses = try await context.assess().flatMap(\.statuses).filter { status in
                wanted == nil || status.preset.key.name == wanted || status.preset.key.description == wanted
            }
            try require(!statuses.isEmpty || wanted == nil, "preset", wanted)
            return text(
                statuses.map { Value($0) }, names: statuses.map(\.preset.key.name),
                table: PresetTable(statuses, isWide: output == .wide).text(console))
        case .templates:
            let templates = try await context.store.read { store in
                try store.sources().flatMap { source in
                    try store.templates(source: source.name).map { (source: source.name, template: $0) }
                }
            }.filter { name == nil || $0.template.name == name }
            try require(!templates.isEmpty || name == nil, "template", name)
            return text(
                templates.map { Value($0.template, source: $0.source) }, names: templates.map(\.template.name),
                table: Tables.templates(templates, console))
        case .workspaces:
            let (workspaces, ttls) = try await workspaces(context)
            return text(
                workspaces.map { Value($0, ttl: ttls[$0.preset] ?? nil) }, names: workspaces.map(\.name),
                table: Tables.workspaces(workspaces, now: now, isWide: output == .wide, console))
        case .operations:
            let operations = try await operations(context)
            return text(
                operations.map { Value($0) }, names: operations.map(\.id.rawValue),
                table: Tables.operations(operations, now: now, console))
        case .events:
            let preset = name ?? preset
            let events = try await context.store.read { store in
                let key = try preset.map { try context.engine.preset(named: $0, in: store).key }
                return try store.events(EventFilter(preset: key, limit: 500))
            }
            return text(
                events.map { Value($0) }, names: events.map { "\($0.object)/\($0.name)" }, isSingle: false,
                table: Tables.events(events, now: now, console))
        case .orphans:
            let orphans = try await context.store.read { try $0.orphans() }.filter {
                name == nil || $0.id.rawValue == name
            }
            try require(!orphans.isEmpty || name == nil, "orphan", name)
            return text(
                orphans.map { Value($0) }, names: orphans.map(\.id.rawValue),
                table: Tables.orphans(orphans, now: now, console))
        case .revisions:
            let revisions = try await revisions(context)
            try require(!revisions.isEmpty || name == nil, "revision", name)
            return text(
                revisions.map { Value($0) }, names: revisions.map(\.revision.description),
                table: Tables.revisions(revisions, now: now, console))
        case .sources:
            let sources = try await context.sourceStatuses().filter { name == nil || $0.name == name }
            try require(!sources.isEmpty || name == nil, "source", name)
            return text(
                sources.map { Value($0) }, names: sources.map(\.name), table: Tables.sources(sources, now: now, console)
            )
        }
    }

    /// The newest first; of a commit that is named, what its beginning fits.
    private func revisions(_ context: Context) async throws -> [RevisionRecord] {
        let name = name.map { $0.split(separator: ":").last.map(String.init) ?? $0 }
        return try await context.store.read { store in
            try store.sources().flatMap { try store.revisions(source: $0.name, limit: 100) }
        }.filter { record in name.map { record.revision.commit.hasPrefix($0) } ?? true }
    }

    private func workspaces(_ context: Context) async throws -> ([Workspace], [PresetKey: Duration?]) {
        let (name, preset, owner) = (name, preset, owner)
        let states = state.flatMap(WorkspaceState.init(rawValue:)).map { [$0] } ?? []
        return try await context.store.read { store in
            let ttls = Dictionary(try store.presets(source: nil).map { ($0.key, $0.ttl) }) { first, _ in first }
            if let name {
                guard let workspace = try store.workspace(name) else { throw ClaimError.unknownWorkspace(name) }
                return ([workspace], ttls)
            }
            let key = try preset.map { try context.engine.preset(named: $0, in: store).key }
            return (try store.workspaces(WorkspaceFilter(preset: key, states: states, owner: owner)), ttls)
        }
    }

    private func operations(_ context: Context) async throws -> [Operation] {
        let (name, preset) = (name, preset)
        let states = state.flatMap(Operation.State.init(rawValue:)).map { [$0] } ?? []
        let found = try await context.store.read { store in
            if let name { return try store.operation(OperationID(name)).map { [$0.operation] } ?? [] }
            let key = try preset.map { try context.engine.preset(named: $0, in: store).key }
            return try store.operations(OperationFilter(preset: key, states: states)).map(\.operation)
        }
        try require(!found.isEmpty || name == nil, "operation", name)
        return found
    }

    private func require(_ isFound: Bool, _ what: String, _ name: String?) throws {
        guard !isFound, let name else { return }
        throw CommandFailure("there is no \(what) \"\(name)\"", hint: "see `prewarm get \(what)s`")
    }

    /// Lists are arrays, single things are objects.
    private func text(_ values: [Value], names: [String], isSingle: Bool = true, table: String) -> String {
        let value = isSingle && name != nil && values.count == 1 ? values[0] : .array(values)
        switch output {
        case .json: return value.json
        case .yaml: return value.yaml
        case .name: return names.map { $0 + "\n" }.joined()
        case .table, .wide: return values.isEmpty ? "There are no \(kind.rawValue).\n" : table
        }
    }
}
