/// The comparison of an output in a page with a real one.
enum GuideText {
    /// Returns true if the outputs differ only in what differs between two runs: ids, commits, times, ports and the order
    /// in which operations end.
    static func isSame(_ expected: [String], _ got: [String]) -> Bool {
        let isOrdered = !(expected + got).contains { $0.contains("✔ created") || $0.contains("✔ deleted") }
        let (first, second) = (expected.map(normalized), got.map(normalized))
        return isOrdered ? first == second : first.sorted() == second.sorted()
    }

    /// Returns a line with placeholders for the parts that differ between two runs.
    static func normalized(_ line: String) -> String {
        var line = line.replacing(/\b01[0-9a-hjkmnp-tv-z]{24}\b/.wordBoundaryKind(.simple), with: "<id>")
        line.replace(/\b([a-z0-9-]+?)-[0-9a-hjkmnp-tv-z]{8}\b/.wordBoundaryKind(.simple)) { "\($0.output.1)-<name>" }
        line.replace(/\b[0-9a-f]{8}\b/.wordBoundaryKind(.simple), with: "<commit>")
        line.replace(
            /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC)?/.wordBoundaryKind(.simple), with: "<time>")
        // A time of today is shown without its date.
        line.replace(/\b\d\d:\d\d(:\d\d)?\b/.wordBoundaryKind(.simple), with: "<time>")
        line.replace(/\b([0-9]+(ms|s|m|h|d))+\b/.wordBoundaryKind(.simple), with: "<duration>")
        line.replace(/(127\.0\.0\.1|localhost):[0-9]+/) { "\($0.output.1):<port>" }
        line.replace(/(port\.[0-9]+ +)[0-9]+/) { "\($0.output.1)<port>" }
        line.replace(/\ +/, with: " ")
        while line.last == " " { line.removeLast() }
        return line
    }
}
