import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// A screen that shows a document of the API, and reads it again every few seconds until the reader ends it.
struct LiveScreen: Sendable {
    /// The time between two reads.
    static let interval = Duration.seconds(2)

    /// Reads the document.
    let read: @Sendable () async throws -> Value
    /// Returns the lines for a document.
    /// - Parameter search: The text that the lines have to match; empty for all.
    let content: @Sendable (_ document: Value, _ columns: Int, _ search: String) -> LiveView.Content

    private enum Event: Sendable {
        case terminal(TerminalEvents.Event)
        case document(Value)
        /// The last read failed. The earlier document stays visible.
        case failure(String)
    }

    /// Shows the screen until the reader ends it. The terminal is restored on return, after an error and after a signal.
    /// - Throws: The error of the first read. Later errors are shown, and the next read is tried.
    func run() async throws {
        let first = try await read()
        let screen = TerminalScreen()
        let terminal = TerminalEvents(screen)
        screen.enter()
        let ending = await follow(screen, terminal, first)
        screen.leave()
        terminal.end()
        // The signal ends the process as it would without the screen.
        if let ending { TerminalEvents.endProcess(by: ending) }
        try Task.checkCancellation()
    }

    /// - Returns: The signal that ended the screen; nil if a key or the caller did.
    private func follow(_ screen: TerminalScreen, _ terminal: TerminalEvents, _ first: Value) async -> Int32? {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(1024))
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in terminal.events { continuation.yield(.terminal(event)) }
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil {
                    do {
                        continuation.yield(.document(try await read()))
                    } catch {
                        continuation.yield(.failure(CommandFailure(error).message))
                    }
                }
                continuation.finish()
            }
            defer { group.cancelAll() }
            var (view, shown, failure) = (LiveView(), Shown(document: first), nil as String?)
            guard draw(&view, &shown, failure, on: screen) else { return nil }
            for await event in events {
                switch event {
                case .terminal(.key(let key)): guard view.press(key) else { return nil }
                case .terminal(.redraw): break
                case .terminal(.end(let signal)): return signal
                case .document(let new): (shown, failure) = (Shown(document: new), nil)
                case .failure(let message): failure = message
                }
                guard draw(&view, &shown, failure, on: screen) else { return nil }
            }
            return nil
        }
    }

    /// A document with its lines, which are made once for a width and a search. A table of 10,000 pools takes a while.
    private struct Shown {
        let document: Value
        var columns = 0
        var search = ""
        var content: LiveView.Content?
    }

    private func lines(of shown: inout Shown, columns: Int, search: String) -> LiveView.Content {
        if let content = shown.content, shown.columns == columns, shown.search == search { return content }
        let made = content(shown.document, columns, search)
        (shown.columns, shown.search, shown.content) = (columns, search, made)
        return made
    }

    private func draw(
        _ view: inout LiveView, _ shown: inout Shown, _ failure: String?, on screen: TerminalScreen
    ) -> Bool {
        guard let (rows, columns) = TerminalScreen.size else { return false }
        let times = ShownTimes(now: .now)
        let read = shown.document.time("at").map { "read \(times.distance(to: $0))" } ?? ""
        let status: TerminalText = failure.map { "cannot read: \($0)" } ?? "\(read)"
        let lines = lines(of: &shown, columns: columns, search: view.search)
        return screen.draw(view.rows(lines, rows: rows, columns: columns, status: status))
    }

    /// True if standard output is a terminal that can show a screen.
    static var isPossible: Bool { TerminalScreen.size != nil && Environment.value("TERM") ?? "dumb" != "dumb" }

    /// Checks that standard output can show a screen.
    /// - Throws: ``CommandFailure`` with the command that works without a terminal.
    static func requireTerminal(for command: String, otherwise hint: String) throws {
        guard !isPossible else { return }
        let cause = TerminalScreen.size == nil ? "standard output is not a terminal" : "TERM is not set, or it is dumb"
        throw CommandFailure("cannot show \(command): \(cause)", hint: hint)
    }
}
