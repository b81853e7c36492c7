import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the configuration, store, sources, provisioners and time zones.",
        discussion: """
            The command fetches the newest commit of each source, and runs `list` of each provisioner that has it. It \
            changes no workspace. It prints the host keys of SSH servers with their lines for known_hosts. If a source \
            cannot be read, it prints the limits of the installed git library. If a check fails, the exit code is 1.

            Examples:
              prewarm doctor
              prewarm doctor --config /etc/prewarm/prewarm.yaml --output json
            """)

    @OptionGroup var global: GlobalOptions

    @Option(name: .shortAndLong, help: "The output format.")
    var output = ReportFormat.text

    func validate() throws {
        try global.refuseServer("`prewarm doctor` checks this machine")
    }

    func run() async throws {
        try await finish(global) { console in
            let report = await Doctor(global).report()
            switch output {
            case .text: console.write(report.text(color: console.colorsOutput))
            case .json: console.write(TerminalText(document: report.document.json))
            }
            if !report.isHealthy { throw ExitStatus.failure.exitCode }
        }
    }
}
