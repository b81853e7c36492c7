import Testing

@testable import PrewarmEngine

@Suite("The feed of changes")
struct ChangeFeedTests {
    @Test("The end of the feed ends its streams")
    func end() async throws {
        let world = try World()
        let feed = ChangeFeed(store: try world.open(), clock: world.clock)
        let stream = feed.subscribe()
        let task = Task { await feed.run(LoopProgress(world.clock).begin("changes")) {} }
        for await _ in stream {
            task.cancel()
        }
        await task.value
    }
}
