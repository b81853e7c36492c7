import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Everything about one preset, workspace or operation, and why it is as it is.")

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case preset, workspace, operation

        init?(argument: String) {
            self.init(rawValue: argument.hasSuffix("s") ? String(argument.dropLast()) : argument)
        }
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "preset, workspace or operation.")
    var kind: Kind

    @Argument(help: "Its name or id.")
    var name: String

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            let description = Description(context, colour: console.coloursOutput)
            switch kind {
            case .preset: console.write(try await description.preset(name))
            case .workspace: console.write(try await description.workspace(name))
            case .operation: console.write(try await description.operation(name))
            }
        }
    }
}
