import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Clear the failures and backoff of a preset, an operation or all.",
        discussion: """
            prewarm then tries again at once instead of waiting for the backoff.

            Examples:
              prewarm retry go-large
              prewarm retry --all
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name of a preset, SOURCE/NAME, or the ID of an operation.", completion: .retried)
    var name: String?

    @Flag(help: "Clear the failures of all presets and operations.")
    var all = false

    func validate() throws {
        if (name == nil) != all {
            throw ValidationError(
                name.map { "cannot use --all with \"\($0)\": give a preset or an operation, or --all" }
                    ?? "missing name: give a preset or the ID of an operation, or --all")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let body: KeyValuePairs<String, Value?> = name.map { ["name": .string($0)] } ?? ["all": .bool(true)]
            let retried = try await session.post("retry", body: body)
            let when = session.local == nil ? "the daemon tries again now" : "the next `prewarm sync` tries again"
            console.step(.success, "\(retried.text("message") ?? name ?? "all"): \(when)")
        }
    }
}
