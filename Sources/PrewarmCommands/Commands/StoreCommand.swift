import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Check the store.",
        discussion: """
            Examples:
              prewarm store check
            """,
        subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Look for damage and for contradictions between the records of the store.",
            discussion: """
                The command reads one snapshot and changes nothing. A daemon may run meanwhile. It finds damaged files, \
                workspaces that no operation finishes, claims without their workspace, workspaces of two claims, and counts \
                that differ from the workspaces. If it finds something, the exit code is 1.

                Examples:
                  prewarm store check
                  prewarm store check --config /etc/prewarm/prewarm.yaml --output json
                """)

        /// The most findings that the text shows. JSON has all.
        private static let shown = 50

        @OptionGroup var global: GlobalOptions

        @Option(name: .shortAndLong, help: "The output format.")
        var output = ReportFormat.text

        func validate() throws {
            try global.refuseServer("`prewarm store check` reads the store of this machine")
        }

        func run() async throws {
            try await finish(global) { console in
                let store = try await Context.open(global, for: .store).engine.store
                let damage = try await store.findDamage(isThorough: true)
                // Damaged files cannot be compared reliably.
                let findings = damage.isEmpty ? try await store.read { try StoreCheck.findings(in: $0) } : []
                switch output {
                case .text: write(damage, findings, console)
                case .json: console.write(TerminalText(document: StoreCheckDocument(damage, findings).json))
                }
                if !damage.isEmpty || !findings.isEmpty { throw ExitStatus.failure.exitCode }
            }
        }

        private func write(_ damage: [String], _ findings: [StoreCheck.Finding], _ console: Console) {
            for text in damage { console.write("damage: \(text)\n") }
            for finding in findings.prefix(Self.shown) {
                console.write("\(finding.object) \(finding.name): \(finding.message)\n")
            }
            if findings.count > Self.shown {
                console.write("and \(findings.count - Self.shown) more: see them with --output json\n")
            }
            if damage.isEmpty, findings.isEmpty {
                console.step(.success, "the store has no damage and no contradictions")
            } else {
                console.step(.failure, "found \(counted(damage.count + findings.count, "fault")) in the store")
            }
        }
    }
}

/// The document of `prewarm store check`.
private struct StoreCheckDocument: Document {
    struct Finding: Document {
        let object: String
        let name: String
        let message: String
    }

    let damage: [String]
    let findings: [Finding]

    init(_ damage: [String], _ findings: [StoreCheck.Finding]) {
        self.damage = damage
        self.findings = findings.map { Finding(object: $0.object, name: $0.name, message: $0.message) }
    }
}
