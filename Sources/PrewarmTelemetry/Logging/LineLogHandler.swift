package import Logging
package import PrewarmCore
internal import PrewarmEngine

/// A log handler that writes one line for each event: `time level message key=value` in the format `text`, a JSON object in
/// the format `json`.
///
/// A line has at most 4,096 bytes (`PIPE_BUF`), so that the lines of several processes on one pipe never mix. In a longer line
/// values are cut and end with `…`. If that is not enough, the metadata is left out and the line has `truncated=true`.
package struct LineLogHandler: LogHandler {
    package enum Format: String, CaseIterable, Sendable {
        case text, json
    }

    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    package var metadataProvider: Logger.MetadataProvider?
    private let format: Format
    private let now: @Sendable () -> Timestamp
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - format: The format of the lines.
    ///   - level: The least level that is logged.
    ///   - now: Returns the time of a line.
    ///   - write: Writes a whole line, which ends with a line feed.
    package init(
        format: Format, level: Logger.Level, now: @escaping @Sendable () -> Timestamp,
        write: @escaping @Sendable ([UInt8]) -> Void = StandardError.write
    ) {
        self.format = format
        logLevel = level
        self.now = now
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = .string("\(error)") }
        let line = Line(
            time: now(), level: event.level.rawValue, message: event.message.description,
            pairs: all.sorted { $0.key < $1.key }.map { ($0.key, Value($0.value)) })
        write(line.bytes(format))
    }
}

extension Logger {
    /// Returns a logger that writes lines to standard error.
    package static func prewarm(
        _ label: String = "prewarm", format: LineLogHandler.Format, level: Logger.Level,
        now: @escaping @Sendable () -> Timestamp
    ) -> Logger {
        Logger(label: label) { _ in LineLogHandler(format: format, level: level, now: now) }
    }
}

private struct Line {
    let time: Timestamp
    let level: String
    let message: String
    let pairs: [(key: String, value: Value)]

    /// The most bytes of a line, including its line feed.
    private static let limit = 4096

    /// Returns the line, with values cut to the first of 3,072, 768, 192 and 48 bytes at which the line fits.
    func bytes(_ format: LineLogHandler.Format) -> [UInt8] {
        for valueLimit in [3072, 768, 192, 48] {
            let line = text(format, valueLimit: valueLimit, pairs, isCut: false)
            if line.utf8.count < Self.limit { return Array(line.utf8) + [UInt8(ascii: "\n")] }
        }
        return Array(text(format, valueLimit: 512, [], isCut: true).utf8) + [UInt8(ascii: "\n")]
    }

    private func text(
        _ format: LineLogHandler.Format, valueLimit: Int, _ pairs: [(key: String, value: Value)], isCut: Bool
    ) -> String {
        let message = message.visible.cut(toBytes: valueLimit)
        let values = pairs.map { (key: $0.key.visible.cut(toBytes: 64), value: $0.value.cut(toBytes: valueLimit)) }
        switch format {
        case .text:
            var line = "\(time) \(level) \(message.onOneLine)"
            for (key, value) in values { line += " \(key.onOneLine)=\(value.logText)" }
            return line + (isCut ? " truncated=true" : "")
        case .json:
            var members: [(key: String, value: Value)] = [
                ("time", Value(time)), ("level", .string(level)), ("message", .string(message)),
            ]
            let taken = Set(members.map(\.key))
            members += values.map { (taken.contains($0.key) ? "metadata_\($0.key)" : $0.key, $0.value) }
            if isCut { members.append(("truncated", .bool(true))) }
            return Value.object(members).compactJSON
        }
    }
}

extension Value {
    fileprivate init(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self = .string(text.visible)
        case .stringConvertible(let thing): self = .string(thing.description.visible)
        case .array(let elements): self = .array(elements.map { Value($0) })
        case .dictionary(let members):
            self = .object(members.sorted { $0.key < $1.key }.map { ($0.key.visible, Value($0.value)) })
        }
    }

    fileprivate func cut(toBytes limit: Int) -> Value {
        switch self {
        case .string(let text): .string(text.cut(toBytes: limit))
        case .array, .object:
            compactJSON.utf8.count <= limit ? self : .string(compactJSON.cut(toBytes: limit))
        default: self
        }
    }

    /// The value in a line of text: plain if it is one word, otherwise JSON.
    fileprivate var logText: String {
        guard case .string(let text) = self else { return compactJSON }
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
        return isPlain ? text : compactJSON
    }
}

extension String {
    /// Returns the text, or its beginning of at most `limit` bytes and `…`. Characters are never split.
    fileprivate func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end > utf8.startIndex, String.Index(end, within: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end]) + "…"
    }

    /// The text with spaces instead of non-ASCII characters that are not printable. JSON escapes control characters of ASCII.
    fileprivate var visible: String { replacingScalars { !$0.isASCII && !$0.isPrintable } }

    /// The text with spaces instead of control characters, which could forge a line.
    fileprivate var onOneLine: String { replacingScalars { $0.value < 0x20 || $0.value == 0x7f } }

    private func replacingScalars(where isBad: (Unicode.Scalar) -> Bool) -> String {
        guard unicodeScalars.contains(where: isBad) else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { isBad($0) ? " " : $0 }))
    }
}
