import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The path of a value in a document, for example `endpoint`, `metadata.path` or `conditions[0].type`.
struct FieldPath: ExpressibleByArgument {
    private enum Step {
        case key(String)
        case index(Int)
    }

    private let steps: [Step]
    /// The path as the user wrote it.
    let text: String

    init?(argument: String) {
        var steps: [Step] = []
        for part in argument.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            guard !part.isEmpty else { return nil }
            if !pieces[0].isEmpty { steps.append(.key(String(pieces[0]))) }
            for piece in pieces.dropFirst() {
                guard piece.hasSuffix("]"), let index = Int(piece.dropLast()), index >= 0 else { return nil }
                steps.append(.index(index))
            }
        }
        guard !steps.isEmpty, steps.count <= 32 else { return nil }
        self.steps = steps
        text = argument
    }

    /// Returns the value at the path as text on one line; nil if the document has no such value. Text is without
    /// quotes; an object and a list are JSON.
    func text(in document: Value) -> TerminalText? {
        var value = document
        for step in steps {
            switch step {
            case .key(let key):
                guard let next = value[key] else { return nil }
                value = next
            case .index(let index):
                guard value.elements.indices.contains(index) else { return nil }
                value = value.elements[index]
            }
        }
        if let text = value.string { return "\(text)" }
        return TerminalText(document: value.compactJSON)
    }
}
