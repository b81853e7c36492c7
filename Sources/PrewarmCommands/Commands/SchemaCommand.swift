import ArgumentParser
import PrewarmCore
import PrewarmManifests

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Write the JSON Schema of presets, templates or the configuration.")

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case preset, template, config
    }

    @Argument(help: "preset, template or config.")
    var kind: Kind

    func run() {
        let schema: SchemaGenerator.Kind =
            switch kind {
            case .preset: .preset
            case .template: .template
            case .config: .config
            }
        Console.standard.write(TerminalText(document: SchemaGenerator.schema(schema)))
    }
}
