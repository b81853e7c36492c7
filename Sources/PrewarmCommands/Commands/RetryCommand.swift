import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Clear the failures and backoff of a preset, an operation, a provisioner or all.",
        discussion: """
            prewarm then tries again at once instead of waiting for the backoff. If a provisioner is unavailable, one
            create is tried at once.

            Examples:
              prewarm retry go-large
              prewarm retry --provisioner cloud
              prewarm retry --all
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name of a preset, SOURCE/NAME, or the ID of an operation.", completion: .retried)
    var name: String?

    @Option(help: ArgumentHelp("Clear the failures of all presets of a provisioner.", valueName: "name"))
    var provisioner: String?

    @Flag(help: "Clear the failures of all presets and operations.")
    var all = false

    func validate() throws {
        let given = (name == nil ? 0 : 1) + (provisioner == nil ? 0 : 1) + (all ? 1 : 0)
        if given == 1 { return }
        if given == 0 {
            throw ValidationError(
                "missing name: give a preset or the ID of an operation, --provisioner NAME, or --all")
        }
        throw ValidationError(
            name.map { "cannot use --all or --provisioner with \"\($0)\": give a preset or an operation, or --all" }
                ?? "cannot use --all with --provisioner: give one of them")
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let body: KeyValuePairs<String, Value?> =
                name.map { ["name": .string($0)] } ?? provisioner.map { ["provisioner": .string($0)] }
                ?? ["all": .bool(true)]
            let retried: DoneDocument = try await session.post("retry", body: body)
            let when = session.local == nil ? "the daemon tries again now" : "the next `prewarm sync` tries again"
            console.step(.success, "\(retried.message ?? name ?? "all"): \(when)")
        }
    }
}
