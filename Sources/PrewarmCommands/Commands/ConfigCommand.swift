import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmManifests

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show the configuration file that commands use.",
        discussion: """
            Examples:
              prewarm config view
            """,
        subcommands: [View.self])

    struct View: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "view",
            abstract: "Show the configuration without secrets, and which file it is.",
            discussion: """
                Literal secrets are shown as ***. A value with a variable is shown as the file writes it, for example \
                ${GIT_TOKEN}; the variable need not be set.

                Examples:
                  prewarm config view
                  prewarm config view --defaults --output json
                """)

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case yaml, json
        }

        @OptionGroup var global: GlobalOptions

        @Flag(help: "Add the defaults of keys that the file leaves out.")
        var defaults = false

        @Option(name: .shortAndLong, help: "The output format.")
        var output = Format.yaml

        func validate() throws {
            try global.refuseServer("`prewarm config view` shows the configuration of this machine")
        }

        func run() async throws {
            try await finish(global) { console in
                let file = try ConfigurationFile(global)
                _ = try file.load(for: .store)
                let bytes = try ManifestFolder.bytes(file.path)
                guard let view = ConfigurationParser.view(bytes, addsDefaults: defaults) else {
                    throw CommandFailure("cannot show the configuration \(file.path): the file has changed meanwhile")
                }
                console.step(.action, "\(file.path), \(origin)")
                let document = Value(view)
                console.write(TerminalText(document: output == .json ? document.json : document.yaml))
            }
        }

        /// The reason why commands use the file, as a clause.
        private var origin: String {
            if global.config?.isEmpty == false { return "which --config names" }
            if Environment.value("PREWARM_CONFIG") != nil { return "which PREWARM_CONFIG names" }
            return "the first that exists of ./prewarm.yaml and /etc/prewarm/prewarm.yaml"
        }
    }
}

extension Value {
    fileprivate init(_ view: ConfigurationView) {
        self =
            switch view {
            case .object(let members): .object(members.map { ($0.key, Value($0.value)) })
            case .list(let elements): .array(elements.map { Value($0) })
            case .text(let text): .string(text)
            case .integer(let number): .int(number)
            case .number(let number): .double(number)
            case .boolean(let flag): .bool(flag)
            }
    }
}
