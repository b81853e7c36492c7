import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what the provisioner wrote for an operation.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The id of the operation, or a workspace: then all of its operations.")
    var operation: String

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            let name = operation
            let (records, logs) = try await context.store.read { store in
                var records = try store.operation(OperationID(name)).map { [$0] } ?? []
                if records.isEmpty, let workspace = try store.workspace(name) {
                    records = try store.operations(OperationFilter(workspace: workspace.id)).reversed()
                }
                return (records, try records.map { try store.log(of: $0.operation.id) })
            }
            guard !records.isEmpty else {
                throw CommandFailure(
                    "there is no operation and no workspace \"\(operation)\"", hint: "see `prewarm get operations`")
            }
            for (record, logs) in zip(records, logs) {
                let needsTitles = records.count > 1 || logs.count > 1
                for log in logs {
                    if needsTitles {
                        console.note(
                            "== \(record.operation.kind.rawValue) \(record.operation.id), attempt \(log.attempt), \(log.at)"
                        )
                    }
                    console.write(log.text.hasSuffix("\n") || log.text.isEmpty ? log.text : log.text + "\n")
                }
                if logs.isEmpty {
                    console.note(
                        "\(record.operation.kind.rawValue) \(record.operation.id) wrote nothing; it is \(record.operation.state.rawValue)"
                    )
                }
            }
        }
    }
}

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract:
            "Write the state as JSON: the workspaces that exist, the operations that are not finished, and the builds in a row that failed.",
        discussion: "`prewarm plan --path DIR --observed FILE` reads it.")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            let (workspaces, operations, presets) = try await context.store.read { store in
                (
                    try store.workspaces(WorkspaceFilter()),
                    try store.operations(OperationFilter(states: [.pending, .running]))
                        + store.failures(source: nil).flatMap { failure in
                            // What the backoff of a preset follows from.
                            try store.operations(
                                OperationFilter(preset: failure.preset, states: [.failed], limit: failure.count))
                        },
                    try store.presets(source: nil)
                )
            }
            let ttls = Dictionary(presets.map { ($0.key, $0.ttl) }) { first, _ in first }
            // Piece by piece: a large state is not held twice.
            console.write("{\n  \"at\": \"\(context.engine.now())\",\n  \"workspaces\": ")
            write(workspaces, to: console) { Value($0, ttl: ttls[$0.preset] ?? nil) }
            console.write(",\n  \"operations\": ")
            write(operations.reversed(), to: console) { Value($0.operation) }
            console.write("\n}\n")
        }
    }
}

extension ExportCommand {
    private func write<Element>(_ elements: [Element], to console: Console, _ value: (Element) -> Value) {
        for start in stride(from: 0, to: elements.count, by: 1000) {
            let lines = elements[start..<min(start + 1000, elements.count)].map { "    " + value($0).compactJSON }
            console.write((start == 0 ? "[\n" : ",\n") + lines.joined(separator: ",\n"))
        }
        console.write(elements.isEmpty ? "[]" : "\n  ]")
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Show the version.")

    @Option(name: .shortAndLong, help: "text, json or yaml.")
    var output = DataFormat.text

    func run() {
        let value = Value.object(known: ["version": .string(prewarmVersion), "manifests": "prewarm/v1"])
        switch output {
        case .text: Console.standard.write("prewarm \(prewarmVersion)\n")
        case .json: Console.standard.write(value.json)
        case .yaml: Console.standard.write(value.yaml)
        }
    }
}

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show sources and pools on one screen, and what is held, stalled or failing.",
        discussion: "Exit code 0 where all is healthy, 1 where somebody should look.")

    @OptionGroup var global: GlobalOptions

    @Option(name: .shortAndLong, help: "text, json or yaml.")
    var output = DataFormat.text

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            let overview = try await Overview(context)
            switch output {
            case .json: console.write(overview.value.json)
            case .yaml: console.write(overview.value.yaml)
            case .text: console.write(overview.text(console))
            }
            if !overview.isHealthy { throw ExitCode(1) }
        }
    }
}
