import PrewarmCore
import Testing

@Suite("Failures in a row")
struct FailureRecordTests {
    private static let preset = Preset(
        key: PresetKey(source: "s", name: "a"), origin: Origin(file: "a.yaml", line: 1), spec: World.specs[0],
        instances: 3, failureLimit: 3)

    private static func time(_ seconds: Int) -> Timestamp { Timestamp(seconds: 1_800_000_000) + .seconds(seconds) }

    private static func noted(_ builds: [(Int, Int)], after known: FailureRecord? = nil) -> FailureRecord? {
        builds.reduce(known) { known, build in
            FailedBuild(startedAt: time(build.0), endedAt: time(build.1), message: "no", seed: 7)
                .noted(after: known, of: preset)
        }
    }

    @Test(
        "Failures count only if the build started after the last counted failure",
        arguments: [
            ([(0, 60), (0, 61), (0, 62)], 1), ([(0, 60), (90, 91)], 2), ([(0, 60), (59, 91)], 1),
            ([(0, 60), (60, 91)], 1), ([(0, 60), (0, 100), (90, 110), (120, 130)], 3),
        ])
    func oneAfterTheOther(builds: [(Int, Int)], count: Int) {
        #expect(Self.noted(builds)?.count == count)
    }

    @Test(
        "The count is the longest sequence of builds that did not overlap", arguments: 1...50 as ClosedRange<UInt64>)
    func model(run: UInt64) {
        var random = SplitMix64(seed: run)
        let builds = (0..<30).map { _ in
            let start = random.below(1000)
            return (start, start + 1 + random.below(120))
        }.sorted { $0.1 < $1.1 }
        // The classic interval scheduling: the interval that ends first, then the first one that begins after it.
        var (count, end) = (0, -1)
        for build in builds where build.0 > end { (count, end) = (count + 1, build.1) }
        #expect(Self.noted(builds)?.count == count)
    }

    @Test("The tries of a stalled preset are an hour apart, and earlier tries have a growing pause")
    func pauses() throws {
        let first = try #require(Self.noted([(0, 10)]))
        let second = try #require(Self.noted([(100, 110)], after: first))
        let third = try #require(Self.noted([(200, 210)], after: second))
        let fourth = try #require(Self.noted([(3900, 3910)], after: third))
        #expect(first.retryAt - Self.time(10) >= .seconds(15))
        #expect(second.retryAt - Self.time(110) >= .seconds(30))
        #expect(third.retryAt == Self.time(210 + 3600))
        #expect(fourth.count == 4)
        #expect(fourth.retryAt == Self.time(3910 + 3600))
    }

    @Test("The count starts again with another fingerprint, and goes on after the clock was set back")
    func others() {
        let old = FailureRecord(
            preset: Self.preset.key, fingerprint: World.fingerprints[1], count: 2, retryAt: Self.time(0), message: "no")
        #expect(Self.noted([(0, 1)], after: old)?.count == 1)
        let ahead = Self.noted([(7000, 7200)])
        #expect(Self.noted([(0, 10)], after: ahead)?.count == 2)
    }

    @Test("The expected build time rises at once with a slower build and falls slowly with faster ones")
    func buildTime() {
        var expected = BuildTime.expected(after: .seconds(60), known: nil)
        #expect(expected == .seconds(60))
        expected = BuildTime.expected(after: .seconds(20), known: expected)
        #expect(expected == .seconds(50))
        #expect(BuildTime.expected(after: .seconds(90), known: expected) == .seconds(90))
        #expect(BuildTime.expected(after: .seconds(-5), known: nil) == .zero)
    }
}
