import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check everything that prewarm needs: configuration, store, sources, provisioners, time zones.",
        discussion: """
            It asks each source's server and each provisioner that can `list`, and changes nothing. It shows the keys of \
            ssh hosts and the lines to write down for them, and says what the git library of this machine can't do.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @OptionGroup var global: GlobalOptions

    @Option(name: .shortAndLong, help: "text or json.")
    var output = Format.text

    func validate() throws {
        if global.server != nil { throw ValidationError("doctor checks this machine: it goes without --server") }
    }

    func run() async throws {
        try await finish(global) { console in
            let report = await Doctor(global).report()
            switch output {
            case .text: console.write(report.text(colour: console.coloursOutput))
            case .json: console.write(TerminalText(document: report.value.json))
            }
            if !report.isHealthy { throw ExitCode(1) }
        }
    }
}
