import PrewarmCore
import Testing

@Suite("Suggestions for misspelled names")
struct SpellingTests {
    /// Returns the distance of optimal string alignment from the whole table.
    private func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var rows = [Array(0...right.count)]
        for (row, byte) in left.enumerated() {
            var cells = [row + 1]
            for (column, other) in right.enumerated() {
                let change = rows[row][column] + (byte == other ? 0 : 1)
                var cell = min(change, rows[row][column + 1] + 1, cells[column] + 1)
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                    cell = min(cell, rows[row - 1][column - 1] + 1)
                }
                cells.append(cell)
            }
            rows.append(cells)
        }
        return rows[left.count][right.count]
    }

    @Test("A suggestion is the closest name by the whole table of distances")
    func sameAsModel() {
        var random = SplitMix64(seed: 1_207)
        var found = 0
        for _ in 0..<3_000 {
            let name = String.random(of: "abc-é", 1...14, using: &random)
            let names = (0..<8).map { _ in String.random(of: "abc-é", 0...14, using: &random) }
            let limit = max(1, min(4, name.unicodeScalars.count / 3))
            let near = names.map { (distance($0, name), $0) }.filter { distance, candidate in
                distance <= limit && distance < max(name.utf8.count, candidate.utf8.count)
            }
            let best = near.min { $0 < $1 }
            #expect(names.closest(to: name) == best?.1, "\(name) of \(names)")
            if best != nil { found += 1 }
        }
        #expect(found > 100)
    }

    @Test("A suggestion among many or long names takes a short time")
    func bounded() {
        let long = String(repeating: "a", count: 200_000)
        #expect([long + "b"].closest(to: long) == nil && [long].closest(to: "aa") == nil)
        #expect(["a"].closest(to: "") == nil && ["c"].closest(to: "x") == nil && ["ci"].closest(to: "c") == "ci")
        #expect(["claim"].closest(to: "cliam") == "claim")
        let names = (0..<10_000).map { String(repeating: "n", count: 56) + "\($0)" }
        let time = ContinuousClock().measure {
            for _ in 0..<3 { #expect(names.closest(to: String(repeating: "n", count: 56) + "x1234") != nil) }
        }
        #expect(time < .seconds(60))
    }

    @Test("Only the first misspelled names of a file get a suggestion")
    func budget() {
        var budget = SuggestionBudget(2)
        let hints = (0..<4).map { _ in budget.hint(for: "goo", among: ["go", "ga"]) }
        #expect(hints == ["did you mean \"go\"?", "did you mean \"go\"?", nil, nil])
    }
}
