import PrewarmCore

extension String {
    /// The line of a log that says why a command failed, with at most 300 Unicode scalars; nil if the log is empty.
    ///
    /// It is the first of these lines that exists:
    /// 1. the exception of the last Python traceback, which is the first line behind its indented lines;
    /// 2. the first line that begins with a word such as `error:`, `fatal:` or `panic:`, or that names an exception, as
    ///    Java and Node.js write it in front of the stack;
    /// 3. the last line that is neither indented nor a part of a stack.
    ///
    /// Example: of the lines `pulling go-dev`, `no space left`, the cause is `no space left`.
    var causeInLog: String? {
        let lines = split(whereSeparator: \.isNewline).map(LogLine.init).filter { !$0.text.isEmpty }
        let cause = Self.exception(in: lines) ?? lines.first(where: \.isError) ?? lines.last(where: \.isMessage)
        return (cause ?? lines.last)?.text.limited(to: 300)
    }

    private static func exception(in lines: [LogLine]) -> LogLine? {
        guard let start = lines.lastIndex(where: { $0.text.hasPrefix("Traceback (most recent call last)") }) else {
            return nil
        }
        let indent = lines[start].indent
        return lines[(start + 1)...].first { $0.indent <= indent }
    }
}

private struct LogLine {
    /// The text without spaces at its ends.
    let text: String
    /// The number of spaces and tabs at the beginning.
    let indent: Int

    init(_ line: Substring) {
        let body = line.drop { $0 == " " || $0 == "\t" }
        indent = line.count - body.count
        text = String(body.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// True for a line that begins with a word for an error and a colon, possibly with the name of a program in front.
    /// For example, `Error: no space left`, `fatal: not a repository` and `java.io.IOException: closed`.
    var isError: Bool {
        guard indent == 0 else { return false }
        let words = text.lowercased().split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).dropLast()
        return words.contains { word in
            let name = word.drop(while: \.isWhitespace)
            guard !name.contains(" ") || name.hasPrefix("exception in thread") else { return false }
            return ["error", "fatal", "panic", "exception"].contains { name.hasSuffix($0) }
                || name.hasPrefix("exception in thread") || name.hasPrefix("error[")
        }
    }

    /// True if the line may be a message, and not a part of a stack or of the text around it.
    var isMessage: Bool {
        guard indent == 0 else { return false }
        let frames = ["at ", "goroutine ", "exit status ", "Node.js v", "... ", "^", "File \""]
        return !frames.contains { text.hasPrefix($0) }
    }
}
