package import PrewarmCore

/// The numbers of claims that wait for a workspace, by preset. A claim that waits for several presets counts for the first.
package struct QueueLengths: Sendable {
    private let lengths: [PresetKey: Int]

    package init(in store: any StoreReader) throws { lengths = try store.ticketCounts() }

    package func length(of preset: PresetKey) -> Int { lengths[preset] ?? 0 }

    /// Returns the number of waiting claims; nil if no claim waits.
    package func waiting(of preset: PresetKey) -> Int? { lengths[preset] }
}

extension Engine {
    /// Returns the numbers of waiting claims of all presets.
    package func queueLengths() async throws -> QueueLengths {
        try await store.read { try QueueLengths(in: $0) }
    }
}
