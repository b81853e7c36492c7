import Glibc
import PrewarmCore

extension String {
    private static let mostBytesShown = 400

    /// The beginning of a committer's text, at most 400 bytes, without control characters, for tables and terminals.
    init(beginningOf text: UnsafePointer<CChar>) {
        let count = strnlen(text, Self.mostBytesShown)
        let bytes = UnsafeRawBufferPointer(start: text, count: count)
        let shown = String(decoding: bytes, as: UTF8.self).printable
        self = count < Self.mostBytesShown ? shown : shown.dropLast() + "…"
    }
}
