import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmProvisioners

struct ProvisionerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provisioner",
        abstract: "Test the provisioners of the configuration.",
        discussion: """
            Examples:
              prewarm provisioner test local
            """,
        subcommands: [Test.self])

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Check a provisioner against the protocol with real workspaces.",
            discussion: """
                The command creates a few workspaces as the daemon would do it, claims and deletes them, and calls the \
                provisioner with invalid definitions and unknown workspaces. It ends a create while it runs. All \
                workspaces are deleted at the end, also after SIGINT and SIGTERM. It does not use the store. If a check \
                fails, the exit code is 1; a warning does not change it.

                The workspaces are those of --preset or --template, from the newest commits of the sources or from \
                --path. Without either, they are those of the first preset of the provisioner. With --template-version \
                alone, the command reads no manifests.

                Examples:
                  prewarm provisioner test
                  prewarm provisioner test local --preset go-small --output json
                  prewarm provisioner test local --path presets --template go-dev --set cpu=2 --invalid cpu=-1
                  prewarm provisioner test local --template-version 1.0.0 --set cpu=2
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(
            help: """
                The name of a provisioner in the configuration (default: the one of the preset or template, otherwise the \
                default provisioner).
                """)
        var name: String?

        @OptionGroup(title: "Workspaces")
        var workspaces: TestedWorkspaceOptions

        @OptionGroup(title: "Claim parameters")
        var parameters: ClaimParameterOptions

        @Option(
            help: ArgumentHelp(
                "The owner to hand a workspace over to, 1 to \(Owner.nameLimit) characters.", valueName: "name"))
        var owner = "prewarm-test"

        @Option(name: .shortAndLong, help: "The output format.")
        var output = ReportFormat.text

        func validate() throws {
            try global.refuseServer("`prewarm provisioner test` runs on this machine")
            guard (1...Owner.nameLimit).contains(owner.unicodeScalars.count) else {
                throw ValidationError("invalid --owner: it must have 1 to \(Owner.nameLimit) characters")
            }
        }

        func run() async throws {
            try await finish(global, handlesSignals: true) { console in
                let file = try ConfigurationFile(global)
                let assembly = Assembly(file, try file.load())
                let definition = try await TestedWorkspace.Choice(options: workspaces, provisioner: name)
                    .definition(assembly)
                let subject = try definition.subject(
                    claim: try parameters.values(), owner: owner, secrets: assembly.secrets)
                guard
                    let configured = assembly.configuration.provisioners.first(where: {
                        $0.name.value == subject.spec.provisioner
                    })
                else { throw TestedWorkspace.unknown(subject.spec.provisioner, assembly.configuration) }
                let report = ConformanceReport(definition, console: output == .text ? console : nil)
                let calls = CommandCalls()
                var generator = SystemRandomNumberGenerator()
                let test = ConformanceTest(
                    file.provisioner(configured) { calls.add($0) }, subject, calls: calls,
                    identifiers: IdentifierFactory(now: .now, using: &generator), now: { .now }
                ) { report.add($0) }
                console.step(.action, "testing the provisioner \(subject.spec.provisioner) with \(definition.text)")
                try await Self.run(test, console)
                if output == .json { console.write(TerminalText(document: report.document.json)) }
                report.conclude(console)
                if report.hasFailed { throw ExitStatus.failure.exitCode }
            }
        }

        /// Runs the test, and deletes its workspaces in any case.
        private static func run(_ test: ConformanceTest, _ console: Console) async throws {
            var interruption: (any Error)?
            do { try await withInterruption { try await test.run() } } catch { interruption = error }
            let (deleted, left) = await test.cleanUp()
            if interruption != nil, !deleted.isEmpty {
                console.step(.success, "deleted \(counted(deleted.count, "workspace")) of the test")
            }
            for (workspace, cause) in left {
                console.error(
                    "cannot delete the workspace \(workspace.id.rawValue) of the test: \(TerminalText(lines: cause))",
                    hint: "delete it by hand; its ID is in PREWARM_WORKSPACE_ID of the `create`")
            }
            switch interruption {
            case nil: if !left.isEmpty { throw ExitStatus.failure.exitCode }
            case let interruption as Interruption:
                throw CommandFailure("interrupted; the test did not end", code: interruption.code)
            case let error?: throw error
            }
        }
    }
}
