import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Shows the place of a waiting claim in the queue when it changes.
struct QueueDisplay {
    /// The time that one request waits, in seconds, so that the place is shown again after it.
    static let interval: Int64 = 5

    private let console: Console
    private var last = ""

    init(_ console: Console) { self.console = console }

    /// Shows the place in a ticket, for example `third of 7, expected in about 40s (2 are starting)`.
    mutating func show(_ ticket: ClaimDocument) {
        let text = Self.text(ticket, at: .now)
        guard text != last else { return }
        last = text
        console.step(.waiting, TerminalText(text))
    }

    static func text(_ ticket: ClaimDocument, at now: Timestamp) -> String {
        var text = "\(ordinal(ticket.position ?? 0)) of \(ticket.waiting ?? 0)"
        if let expected = ticket.eta {
            text += ", expected in about \(max(expected - now, .seconds(1)).remaining)"
        }
        let starting = ticket.starting ?? 0
        var notes = starting > 0 ? [starting == 1 ? "1 is starting" : "\(starting) are starting"] : []
        if let why = ticket.why { notes.append(why) }
        return notes.isEmpty ? text : "\(text) (\(notes.joined(separator: "; ")))"
    }

    private static func ordinal(_ number: Int) -> String {
        let words = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
        return words.indices.contains(number - 1) ? words[number - 1] : "number \(number)"
    }
}
