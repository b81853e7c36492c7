/// A semantic version (semver.org), with or without a leading `v`.
struct Version: Hashable, Comparable, Sendable {
    var numbers: [Int]
    var prerelease: [Substring] = []

    init(numbers: [Int]) {
        self.numbers = numbers
    }

    /// Returns nil if the text is not three numbers with an optional pre-release and build metadata.
    init?(_ text: String) {
        guard let (numbers, prerelease) = Self.parts(text[...]), numbers.count == 3 else { return nil }
        self.numbers = numbers
        self.prerelease = prerelease
    }

    /// Returns the numbers, at most three, and the identifiers of the pre-release. `x` and `*` end the numbers: `1.x`
    /// gives `[1]`. Build metadata is ignored.
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

/// A range of versions: `1.4.2`, `1.x`, `^1.4`, `~1.4.2`, `>=1.2 <2`, `1.2 - 1.4`, combined by `||`.
///
/// An alternative contains pre-releases only if it names a pre-release. For example, `>=1.4.0-0` contains `1.5.0-rc.1`,
/// and `>=1.4.0` does not. An alternative that ends before a version does not contain pre-releases of that version,
/// unless it names one, as in npm: `>=1.0.0-0 <2.0.0` does not contain `2.0.0-rc.1`, and `>=2.0.0-rc.1 <2.0.0`
/// does.
struct VersionRange: Sendable {
    /// The versions between two limits.
    private struct Span: Sendable {
        var from = Version(numbers: [0, 0, 0])
        var isFromIncluded = true
        var to: Version?
        var isToIncluded = false
        /// The numbers of the pre-release that the text names, for example `[2, 0, 0]` for `>=2.0.0-rc.1`; nil if none.
        var prereleaseOf: [Int]?

        func contains(_ version: Version) -> Bool {
            guard isFromIncluded ? version >= from : version > from else { return false }
            return to.map { isToIncluded ? version <= $0 : version < $0 } ?? true
        }

        /// Returns true if the span ends just before the release with these numbers.
        func endsBefore(_ numbers: [Int]) -> Bool { !isToIncluded && to == Version(numbers: numbers) }
    }

    /// The alternatives. A version is in the range if all spans of one alternative contain it.
    private let alternatives: [[Span]]

    /// Returns nil if the text is not a range.
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

    /// Returns true if an alternative contains pre-releases of the version with these numbers.
    private static func takesPrereleases(of numbers: [Int], _ spans: [Span]) -> Bool {
        let named = spans.compactMap(\.prereleaseOf)
        return named.contains(numbers) || !named.isEmpty && !spans.contains { $0.endsBefore(numbers) }
    }

    private static let signs = [">=", "<=", ">", "<", "=", "^", "~"]

    /// Returns the span of one comparison, for example `^1.4` or `<2`, or nil if it is invalid.
    private static func span(_ word: Substring) -> Span? {
        let sign = signs.first { word.hasPrefix($0) } ?? ""
        guard let (numbers, prerelease) = Version.parts(word.dropFirst(sign.count)) else { return nil }
        var version = Version(numbers: numbers + [Int](repeating: 0, count: 3 - numbers.count))
        version.prerelease = prerelease
        let isWhole = numbers.count == 3
        /// The first version after all versions that begin with the first `count` numbers. Its pre-release is `0`, the
        /// lowest one, so that pre-releases of the next version are excluded: for `1.4` and a count of 2, `1.5.0-0`.
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
