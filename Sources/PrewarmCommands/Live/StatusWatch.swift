import PrewarmAPI
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

    private func content(_ status: StatusDocument, columns: Int, search: String) -> LiveView.Content {
        let text = StatusText(status: status, console: console.with(outputWidth: columns)).text
        let lines = text.lines(width: columns)
        guard !search.isEmpty else { return LiveView.Content(body: lines) }
        let wanted = search.lowercased()
        let found = lines.filter { $0.plainText.lowercased().contains(wanted) }
        return LiveView.Content(body: found.isEmpty ? ["No line matches the search."] : found)
    }

    /// Prints the state, and again when the text changes by more than its times, as long as standard output has a reader.
    /// - Throws: The error of the first read. A later error is a warning, and the next read is tried.
    private func printChanges() async throws {
        var status = try await session.status()
        var (last, failure): (String?, String?) = (nil, nil)
        while true {
            let state = Self.shownState(status.tree).compactJSON
            if state != last {
                if last != nil { console.write("\n") }
                console.write(StatusText(status: status, console: console).text)
                last = state
            }
            try await Task.sleep(for: LiveScreen.interval)
            guard Console.hasReader else { return }
            do {
                status = try await session.status()
                failure = nil
            } catch {
                try Task.checkCancellation()
                let message = CommandFailure(error).message
                if message != failure { console.warning("cannot read the state: \(message); prewarm tries again") }
                failure = message
            }
        }
    }

    /// The document without what changes although the text stays the same: the time of the read, the times of the daemon's
    /// loops, and the numbers of recent claims.
    private static func shownState(_ status: Value) -> Value {
        func without(_ keys: Set<String>, _ key: String) -> Value {
            .array(status.list(key).map { element in .object(element.pairs.filter { !keys.contains($0.key) }) })
        }
        return .object(
            status.pairs.filter { !["at", "daemon", "sources", "presets"].contains($0.key) }
                + [("sources", without(["daemon"], "sources")), ("presets", without(["recentClaims"], "presets"))])
    }
}
