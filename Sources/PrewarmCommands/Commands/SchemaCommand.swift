import ArgumentParser
import PrewarmCore
import PrewarmManifests

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Write the JSON Schema of presets, templates or the configuration.",
        discussion: """
            Editors check manifests with a schema as you type.

            Examples:
              prewarm schema preset > preset.json
              prewarm schema config > config.json
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case preset, template, config
    }

    @Argument(help: "The kind of document.")
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
