import Testing

@testable import PrewarmServer

@Suite("Streams about claims")
struct ClaimStreamsTests {
    @Test("The time between two looks grows with the number of streams")
    func pause() {
        let streams = ClaimStreams()
        for _ in 0..<100 { streams.begin() }
        #expect(streams.pause == .milliseconds(500))
        for _ in 0..<900 { streams.begin() }
        #expect(streams.pause == .seconds(5))
        for _ in 0..<1000 { streams.end() }
        #expect(streams.pause == .milliseconds(500))
    }
}
