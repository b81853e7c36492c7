import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Show one preset, workspace or operation, and why it is in its state.",
        discussion: """
            Examples:
              prewarm describe preset go-large
              prewarm describe workspace/go-large-swqygcqe
              prewarm describe operation 01m88dns3q96k6ef6pswqygcqe --output json
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case preset, workspace, operation

        init?(argument: String) {
            let aliases = ["ws": Self.workspace, "op": .operation]
            guard
                let kind = aliases[argument]
                    ?? Self(rawValue: argument.hasSuffix("s") ? String(argument.dropLast()) : argument)
            else { return nil }
            self = kind
        }
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The kind of object, or KIND/NAME.", valueName: "kind"))
    var object: ObjectArgument<Kind>

    @Argument(help: "The name or ID of the object.", completion: .objects)
    var name: String?

    @Option(name: .shortAndLong, help: "The output format.")
    var output = DataFormat.text

    private var kind: Kind { object.kind }

    mutating func validate() throws {
        name = try object.name(or: name)
        object.name = nil
        if name == nil { throw ValidationError("missing name: which \(kind.rawValue)?") }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let name = name ?? ""
            let preset = PresetName(name)
            let description = Description(now: await session.now(), color: console.colorsOutput)
            switch kind {
            case .preset:
                let document: PresetDescription = try await session.get(
                    "presets", preset.name, query: ["source": preset.source])
                show(document, description.text(of: document), console)
            case .workspace:
                let document: WorkspaceDescription = try await session.get("workspaces", name)
                show(document, description.text(of: document), console)
            case .operation:
                let document: OperationDescription = try await session.get("operations", name)
                show(document, description.text(of: document), console)
            }
        }
    }

    private func show(_ document: some Document, _ text: @autoclosure () -> TerminalText, _ console: Console) {
        switch output {
        case .json: console.write(TerminalText(document: document.json))
        case .yaml: console.write(TerminalText(document: document.yaml))
        case .text: console.write(text())
        }
    }
}
