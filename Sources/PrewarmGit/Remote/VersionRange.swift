/// A semantic version (semver.org), with or without a leading `v`.
struct Version: Hashable, Comparable, Sendable {
    var numbers: [Int]
    var prerelease: [Substring] = []

    init(numbers: [Int]) {
        self.numbers = numbers
    }

    /// Nil where the text is not three numbers and what may follow them.
    init?(_ text: String) {
        guard let (numbers, prerelease) = Self.parts(text[...]), numbers.count == 3 else { return nil }
        self.numbers = numbers
        self.prerelease = prerelease
    }

    /// One to three numbers; `x` and `*` end them.
    fileprivate static func parts(_ text: Substring) -> (numbers: [Int], prerelease: [Substring])? {
        var text = text.hasPrefix("v") ? text.dropFirst() : text
        if let plus = text.firstIndex(of: "+") { text = text[..<plus] }
        var prerelease: [Substring] = []
        if let dash = text.firstIndex(of: "-") {
            prerelease = text[text.index(after: dash)...].split(separator: ".", omittingEmptySubsequences: false)
            text = text[..<dash]
        }
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count <= 3, !prerelease.contains("") else { return nil }
        var numbers: [Int] = []
        for word in words {
            if word == "x" || word == "X" || word == "*" { return prerelease.isEmpty ? (numbers, []) : nil }
            guard let number = Int(word), number >= 0, number < 1_000_000_000, word.first != "+" else { return nil }
            numbers.append(number)
        }
        return (numbers, prerelease)
    }

    static func < (left: Version, right: Version) -> Bool {
        if left.numbers != right.numbers { return left.numbers.lexicographicallyPrecedes(right.numbers) }
        if left.prerelease.isEmpty || right.prerelease.isEmpty {
            return !left.prerelease.isEmpty && right.prerelease.isEmpty
        }
        for (one, other) in zip(left.prerelease, right.prerelease) where one != other {
            switch (Int(one), Int(other)) {
            case (let one?, let other?): return one < other
            case (_?, nil): return true
            case (nil, _?): return false
            case (nil, nil): return one < other
            }
        }
        return left.prerelease.count < right.prerelease.count
    }
}

/// `1.4.2`, `1.x`, `^1.4`, `~1.4.2`, `>=1.2 <2`, `1.2 - 1.4`, joined by `||`. Pre-releases count only where one of the
/// alternatives that they fit in names one. `<2.0.0` leaves out those of 2.0.0, unless one of these is named, as npm
/// has it: `>=2.0.0-rc.1 <2.0.0`.
struct VersionRange: Sendable {
    private struct Span: Sendable {
        var from = Version(numbers: [0, 0, 0])
        var isFromIncluded = true
        var to: Version?
        var isToIncluded = false
        /// The numbers of the pre-release that it names.
        var prereleaseOf: [Int]?

        func contains(_ version: Version) -> Bool {
            guard isFromIncluded ? version >= from : version > from else { return false }
            return to.map { isToIncluded ? version <= $0 : version < $0 } ?? true
        }

        /// Whether it ends just before the version of these numbers, and says nothing of its pre-releases.
        func endsBefore(_ numbers: [Int]) -> Bool { !isToIncluded && to == Version(numbers: numbers) }
    }

    /// Any of the alternatives, all spans of it.
    private let alternatives: [[Span]]

    init?(_ text: String) {
        var alternatives: [[Span]] = []
        for alternative in text.split(separator: "||", omittingEmptySubsequences: false) {
            var spans: [Span] = []
            var words = alternative.split(whereSeparator: { $0 == " " || $0 == "," })[...]
            while let word = words.popFirst() {
                if words.first == "-" {
                    guard let end = words.dropFirst().first, let from = Self.span(">=" + word),
                        let to = Self.span("<=" + end)
                    else { return nil }
                    spans += [from, to]
                    words = words.dropFirst(2)
                } else if Self.signs.contains(String(word)) {
                    guard let version = words.popFirst(), let span = Self.span(word + version) else { return nil }
                    spans.append(span)
                } else {
                    guard let span = Self.span(word) else { return nil }
                    spans.append(span)
                }
            }
            guard !spans.isEmpty else { return nil }
            alternatives.append(spans)
        }
        self.alternatives = alternatives
    }

    func contains(_ version: Version) -> Bool {
        alternatives.contains { spans in
            (version.prerelease.isEmpty || Self.takesPrereleases(of: version.numbers, spans))
                && spans.allSatisfy { $0.contains(version) }
        }
    }

    private static func takesPrereleases(of numbers: [Int], _ spans: [Span]) -> Bool {
        let named = spans.compactMap(\.prereleaseOf)
        return named.contains(numbers) || !named.isEmpty && !spans.contains { $0.endsBefore(numbers) }
    }

    private static let signs = [">=", "<=", ">", "<", "=", "^", "~"]

    private static func span(_ word: Substring) -> Span? {
        let sign = signs.first { word.hasPrefix($0) } ?? ""
        guard let (numbers, prerelease) = Version.parts(word.dropFirst(sign.count)) else { return nil }
        var version = Version(numbers: numbers + [Int](repeating: 0, count: 3 - numbers.count))
        version.prerelease = prerelease
        let isWhole = numbers.count == 3
        /// The first version behind all that begin with the first `count` numbers, its own pre-releases included.
        func behind(_ count: Int) -> Version? {
            guard count > 0 else { return nil }
            let head = version.numbers.prefix(count)
            let raised = head.dropLast() + [(head.last ?? 0) + 1]
            var next = Version(numbers: raised + [Int](repeating: 0, count: 3 - count))
            next.prerelease = ["0"]
            return next
        }
        var span = Span()
        if !prerelease.isEmpty { span.prereleaseOf = version.numbers }
        switch sign {
        case ">=": span.from = version
        case ">":
            span.from = isWhole ? version : behind(numbers.count) ?? version
            if !isWhole { span.from.prerelease = [] }
            span.isFromIncluded = !isWhole
        case "<":
            span.to = version
            if !isWhole { span.to?.prerelease = ["0"] }
        case "<=":
            span.to = isWhole ? version : behind(numbers.count)
            span.isToIncluded = isWhole
        case "^":
            span.from = version
            let firstSet = numbers.firstIndex { $0 != 0 }.map { $0 + 1 }
            span.to = behind(firstSet ?? numbers.count)
        case "~":
            span.from = version
            span.to = behind(min(2, numbers.count))
        default:
            span.from = version
            span.to = isWhole ? version : behind(numbers.count)
            span.isToIncluded = isWhole
        }
        return span
    }
}
