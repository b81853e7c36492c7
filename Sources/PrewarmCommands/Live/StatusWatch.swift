import PrewarmCore
import PrewarmEngine

/// The state that `prewarm status --watch` follows: on a terminal a live screen, elsewhere the text whenever it changes.
struct StatusWatch: Sendable {
    let session: Session
    let console: Console

    func run() async throws {
        if LiveScreen.isPossible {
            try await LiveScreen(read: { try await session.status() }) { status, columns, search in
                content(status, columns: columns, search: search)
            }.run()
        } else {
            try await printChanges()
        }
    }

    private func content(_ status: Value, columns: Int, search: String) -> LiveView.Content {
        let text = StatusText(status: status, console: console.with(outputWidth: columns)).text
        let lines = text.lines(width: columns)
        guard !search.isEmpty else { return LiveView.Content(body: lines) }
        let wanted = search.lowercased()
        let found = lines.filter { $0.plainText.lowercased().contains(wanted) }
        return LiveView.Content(body: found.isEmpty ? ["No line matches the search."] : found)
    }

    /// Prints the state, and again when more than its times changes.
    private func printChanges() async throws {
        var last: String?
        while true {
            let status = try await session.status()
            let state = Self.withoutTimes(status).compactJSON
            if state != last {
                if last != nil { console.write("\n") }
                console.write(StatusText(status: status, console: console).text)
                last = state
            }
            try await Task.sleep(for: LiveScreen.interval)
        }
    }

    /// The document without the times that change although nothing happens: that of the read, and those of the daemon's
    /// loops.
    private static func withoutTimes(_ status: Value) -> Value {
        let sources = status.list("sources").map { source in
            Value.object(source.pairs.filter { $0.key != "daemon" })
        }
        return .object(
            status.pairs.filter { !["at", "daemon", "sources"].contains($0.key) } + [("sources", .array(sources))])
    }
}
