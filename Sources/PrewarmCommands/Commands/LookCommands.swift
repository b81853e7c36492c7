import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show the provisioner's log of an operation or a workspace.",
        discussion: """
            Examples:
              prewarm logs 01m88dns3q96k6ef6pswqygcqe
              prewarm logs go-large-swqygcqe
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The ID of an operation, or a workspace for the logs of all its operations.", completion: .logs)
    var operation: String

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let operations: [LogDocument] = try await session.get("operations", operation, "logs")
            let times = ShownTimes(now: await session.now())
            // Operations that say nothing are left out beside others.
            let speaking = operations.filter { !$0.attempts.isEmpty || $0.error != nil }
            for operation in speaking.isEmpty ? operations : speaking {
                show(operation, isOfMany: speaking.count > 1, times, console)
            }
        }
    }

    private func show(_ operation: LogDocument, isOfMany: Bool, _ times: ShownTimes, _ console: Console) {
        let logs = operation.attempts
        let title = "\(operation.type) \(operation.operation)"
        for log in logs {
            if isOfMany || logs.count > 1 {
                console.note("== \(title), attempt \(log.attempt), \(times.relative(log.at))")
            }
            let text = log.text
            let end: TerminalText = text.hasSuffix("\n") || text.isEmpty ? "" : "\n"
            console.write(TerminalText(lines: text) + end)
        }
        if let error = operation.error {
            // The lines behind the cause are the end of the log.
            let text = logs.isEmpty ? TerminalText(lines: error) : "\(error.cause ?? error)"
            console.note("\(title) \(operation.state == .failed ? "failed" : "did not succeed yet"): \(text)")
        } else if logs.isEmpty {
            console.note("\(title) has no log; its state is \(operation.state)")
        }
    }
}

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write workspaces and operations as JSON for plans and scripts.",
        discussion: """
            The output has the workspaces that exist, the unfinished operations, and the builds that failed since the \
            last successful build. `prewarm plan --observed` reads it.

            Examples:
              prewarm export > state.json
              prewarm plan --path presets --observed state.json
            """)

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            guard let context = session.local else {
                let observed: ObservedDocument = try await session.get("export")
                return console.write(TerminalText(document: observed.json))
            }
            let state = try await context.engine.exported()
            // The state is written in parts, so that a large one is not in memory twice.
            console.write("{\n  \"at\": \"\(context.engine.now())\",\n  \"workspaces\": ")
            write(state.workspaces, to: console) {
                WorkspaceDocument($0, ttl: state.ttls[$0.preset] ?? nil, for: .local)
            }
            console.write(",\n  \"operations\": ")
            write(state.operations, to: console) { OperationDocument($0, owner: nil, for: .local) }
            console.write("\n}\n")
        }
    }
}

extension ExportCommand {
    private func write<Element, Item: Document>(
        _ elements: [Element], to console: Console, _ document: (Element) -> Item?
    ) {
        for start in stride(from: 0, to: elements.count, by: 1000) {
            let part = elements[start..<min(start + 1000, elements.count)]
            let lines = part.compactMap(document).map { "    " + $0.compactJSON }
            let shown = TerminalText(document: lines.joined(separator: ",\n"))
            console.write((start == 0 ? "[\n" : ",\n") + shown)
        }
        console.write(elements.isEmpty ? "[]" : "\n  ]")
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the version of prewarm.",
        discussion: """
            Examples:
              prewarm version
              prewarm version --output json
            """)

    @Option(name: .shortAndLong, help: "The output format.")
    var output = DataFormat.text

    func run() {
        let document = VersionDocument(version: prewarmVersion, manifests: "prewarm/v1")
        switch output {
        case .text: Console.standard.write("prewarm \(prewarmVersion)\n")
        case .json: Console.standard.write(TerminalText(document: document.json))
        case .yaml: Console.standard.write(TerminalText(document: document.yaml))
        }
    }
}

/// The document of `prewarm version`.
private struct VersionDocument: Document {
    let version: String
    /// The version of manifests.
    let manifests: String
}

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show sources and pools, and what is held, stalled or failing.",
        discussion: """
            The exit code is 0 if everything is healthy, and 1 if something needs attention.

            With --watch, a terminal shows the state live until you press q; / searches and the arrows scroll. Without a \
            terminal, the state is printed again when it changes. With --watch, the exit code does not depend on the health.

            Examples:
              prewarm status
              prewarm status --watch
              prewarm status --server https://prewarm.example.org --output json
            """)

    @OptionGroup var global: GlobalOptions

    @Option(name: .shortAndLong, help: "The output format.")
    var output = DataFormat.text

    @Flag(name: .shortAndLong, help: "Follow the state until you end the command.")
    var watch = false

    func validate() throws {
        if watch, output != .text {
            throw ValidationError("cannot use --watch with --output \(output.rawValue): it shows text")
        }
    }

    func run() async throws {
        try await finish(global, runsUntilSignal: watch) { console in
            let session = try await Session.open(global, for: .store)
            if let store = session.local?.store { try await store.findDamage(isThorough: false) }
            if watch { return try await StatusWatch(session: session, console: console).run() }
            let status = try await session.status()
            switch output {
            case .json: console.write(TerminalText(document: status.json))
            case .yaml: console.write(TerminalText(document: status.yaml))
            case .text: console.write(StatusText(status: status, console: console).text)
            }
            if !status.healthy { throw ExitStatus.failure.exitCode }
        }
    }
}
