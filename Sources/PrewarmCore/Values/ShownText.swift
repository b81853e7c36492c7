/// A place where text is shown, with the rule that makes untrusted text harmless there.
package protocol OutputPlace {
    /// Returns the text in a form that is shown as it is: it contains no commands and no markup, and stays on its line.
    static func neutralized(_ text: String) -> String
}

/// A part of a place that has a rule of its own, for example the inside of a code span.
package protocol PartOfOutput: OutputPlace {
    associatedtype Whole: OutputPlace
}

/// Text that is ready for one place. Literals are prewarm's own and stay as they are. Every interpolated text is
/// neutralized, so no text of a committer, a provisioner or a server is shown unchanged by mistake.
///
/// ```swift
/// let cell: ShownText<Markdown> = "| \(preset.name) | **\(count)** |"
/// ```
package struct ShownText<Where: OutputPlace>: Hashable, Sendable {
    /// The text as it is written to the place.
    package private(set) var text: String

    /// Neutralizes a text.
    package init(_ other: String) { text = Where.neutralized(other) }

    /// Takes text that a part of this module made ready for the place.
    init(ready text: String) { self.text = text }

    package static func + (left: Self, right: Self) -> Self { Self(ready: left.text + right.text) }
    package static func += (left: inout Self, right: Self) { left.text += right.text }
}

extension ShownText: ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) { self.init(ready: value) }
    package init(stringInterpolation: Interpolation) { self.init(ready: stringInterpolation.text) }

    package struct Interpolation: StringInterpolationProtocol {
        fileprivate var text: String

        package init(literalCapacity: Int, interpolationCount: Int) {
            text = ""
            text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { text += literal }
        package mutating func appendInterpolation(_ other: ShownText) { text += other.text }
        package mutating func appendInterpolation<Part: PartOfOutput>(_ other: ShownText<Part>)
        where Part.Whole == Where { text += other.text }
        package mutating func appendInterpolation(_ other: some StringProtocol) {
            text += Where.neutralized(String(other))
        }
        package mutating func appendInterpolation(_ number: some BinaryInteger) { text += String(number) }
        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            text += Where.neutralized(value.description)
        }
    }
}

extension Sequence {
    package func joined<Where: OutputPlace>(separator: ShownText<Where> = "") -> ShownText<Where>
    where Element == ShownText<Where> {
        ShownText(ready: map(\.text).joined(separator: separator.text))
    }
}

/// A terminal, a file or the log of a CI job: everything that prewarm writes to standard output and standard error.
package enum Terminal: OutputPlace {
    package static func neutralized(_ text: String) -> String { text.printable }
}

package typealias TerminalText = ShownText<Terminal>

extension TerminalText {
    /// Neutralizes a text but keeps its lines.
    package init(lines text: String) { self.init(ready: text.printableLines) }

    /// Takes a JSON or YAML document, whose strings are already escaped. A command of GitHub Actions can only be
    /// inside a string, where the escape does not change the value.
    package init(document text: String) { self.init(ready: text.replacing("##[", with: "\\u0023#[")) }

    /// Returns the text with the values of variables replaced by their names.
    package func masked(by values: VariableValues) -> TerminalText { TerminalText(ready: values.masked(text)) }

    /// Takes text that is ready for another place.
    package init(_ other: ShownText<some OutputPlace>) { self.init(ready: other.text) }

    /// The text without lines that a runner of GitHub Actions would execute as commands (`::error::`, `##[error]`).
    /// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    package var withoutWorkflowCommands: String {
        guard text.contains("::") || text.contains("##[") else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let start = line.firstIndex { !$0.isWhitespace } ?? line.endIndex
            let isCommand = line[start...].hasPrefix("::")
            let line = isCommand ? line[..<start] + ": :" + line[start...].dropFirst(2) : line
            return line.replacing("##[", with: "## [")
        }.joined(separator: "\n")
    }
}
