import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer
import Synchronization

/// A screen that shows the status, and reads it again every few seconds until the reader ends it.
struct LiveScreen: Sendable {
    /// The time between two reads.
    static let interval = Duration.seconds(2)

    /// Reads the document.
    let read: @Sendable () async throws -> StatusDocument
    /// Returns the lines for a document.
    /// - Parameter search: The text that the lines have to match; empty for all.
    let content: @Sendable (_ document: StatusDocument, _ columns: Int, _ search: String) -> LiveView.Content

    /// The longest time of a read after the first one.
    static let readLimit = Duration.seconds(15)

    private enum Event: Sendable {
        case terminal(TerminalEvents.Event)
        /// A read has ended.
        case read
        /// Nothing has happened for a while, so that the ages on the screen change.
        case tick
    }

    /// The result of the last read. Earlier documents are dropped, however slowly the terminal takes the frames.
    private final class Reading: Sendable {
        struct State: Sendable {
            var document: StatusDocument
            /// The error of the last read, while the earlier document stays visible; nil if it succeeded.
            var failure: String?
            /// The number of documents before this one.
            var number = 0
        }

        private let state: Mutex<State>

        init(_ document: StatusDocument) { state = Mutex(State(document: document)) }

        var last: State { state.withLock { $0 } }

        func set(_ document: StatusDocument) {
            state.withLock { $0 = State(document: document, number: $0.number + 1) }
        }

        func fail(_ message: String) { state.withLock { $0.failure = message } }
    }

    /// Shows the screen until the reader ends it. The terminal is restored on return, after an error and after a signal.
    /// - Throws: The error of the first read. Later errors are shown, and the next read is tried.
    func run() async throws {
        let reading = Reading(try await read())
        let screen = TerminalScreen()
        let terminal = TerminalEvents(screen)
        guard await screen.enter() else {
            terminal.end()
            throw CommandFailure(
                "cannot show the screen: the process is in the background",
                hint: "run the command in the foreground of a terminal")
        }
        let ending = await follow(screen, terminal, reading)
        terminal.end()
        // The signal ends the process as it would without the screen.
        if let ending { TerminalEvents.endProcess(by: ending) }
        try Task.checkCancellation()
    }

    /// Follows the document, and restores the terminal.
    /// - Returns: The signal that ended the screen; nil if a key or the caller did.
    private func follow(_ screen: TerminalScreen, _ terminal: TerminalEvents, _ reading: Reading) async -> Int32? {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(1024))
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in terminal.events { continuation.yield(.terminal(event)) }
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil { continuation.yield(.tick) }
                continuation.finish()
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil {
                    do {
                        reading.set(try await readWithinLimit())
                    } catch {
                        reading.fail(Console.masked(CommandFailure(error).message))
                    }
                    continuation.yield(.read)
                }
            }
            let ending = await show(events, reading, on: screen)
            // The terminal is restored before the tasks have ended, since a read may take a while to be canceled.
            await screen.close()
            group.cancelAll()
            return ending
        }
    }

    /// - Throws: The error of the read, or ``CommandFailure`` if it takes too long.
    private func readWithinLimit() async throws -> StatusDocument {
        try await withThrowingTaskGroup(of: StatusDocument?.self) { group in
            group.addTask { try await read() }
            group.addTask {
                try await Task.sleep(for: Self.readLimit)
                return nil
            }
            defer { group.cancelAll() }
            guard let document = try await group.next() ?? nil else {
                throw CommandFailure("no answer within \(Self.readLimit.prewarmText)")
            }
            return document
        }
    }

    /// Draws the screen at each event until one ends it.
    private func show(_ events: AsyncStream<Event>, _ reading: Reading, on screen: TerminalScreen) async -> Int32? {
        var (view, shown) = (LiveView(), Shown())
        guard await draw(&view, &shown, reading.last, on: screen) else { return nil }
        for await event in events {
            switch event {
            case .terminal(.key(let key)): guard view.press(key) else { return nil }
            case .terminal(.end(let signal)): return signal
            case .terminal(.redraw), .read, .tick: break
            }
            guard await draw(&view, &shown, reading.last, on: screen) else { return nil }
        }
        return nil
    }

    /// The lines of a document, which are made once for a width and a search. A table of 10,000 pools takes a while.
    private struct Shown {
        var number = 0
        var columns = 0
        var search = ""
        var content: LiveView.Content?
    }

    private func lines(of reading: Reading.State, _ shown: inout Shown, columns: Int, search: String)
        -> LiveView.Content
    {
        let isSame = shown.number == reading.number && shown.columns == columns && shown.search == search
        if isSame, let content = shown.content { return content }
        let made = content(reading.document, columns, search)
        shown = Shown(number: reading.number, columns: columns, search: search, content: made)
        return made
    }

    private func draw(
        _ view: inout LiveView, _ shown: inout Shown, _ reading: Reading.State, on screen: TerminalScreen
    ) async -> Bool {
        guard let (rows, columns) = TerminalScreen.size else { return false }
        let times = ShownTimes(now: .now)
        let age = "read \(times.distance(to: reading.document.at))"
        let status: TerminalText = reading.failure.map { "\(age), cannot read again: \($0)" } ?? "\(age)"
        let lines = lines(of: reading, &shown, columns: columns, search: view.search)
        return await screen.draw(view.rows(lines, rows: rows, columns: columns, status: status))
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
