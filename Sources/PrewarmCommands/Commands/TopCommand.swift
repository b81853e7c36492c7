import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show all pools on a terminal, live.",
        discussion: """
            It shows the numbers of all pools and one line for each pool, pools that need attention first. It reads them \
            again every 2 s. Keys: / searches in names, sources, templates and labels, Esc ends the search, the arrows and \
            the page keys scroll, and q quits.

            Examples:
              prewarm top
              prewarm top --server https://prewarm.example.org
            """)

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await finish(global, runsUntilSignal: true) { console in
            try LiveScreen.requireTerminal(for: "top", otherwise: "use `prewarm status`, which prints the state once")
            let session = try await Session.open(global, for: .store)
            let screen = LiveScreen(read: { try await session.status() }) { status, columns, search in
                PoolScreen(status: status, console: console.with(outputWidth: columns)).content(search: search)
            }
            try await screen.run()
        }
    }
}
