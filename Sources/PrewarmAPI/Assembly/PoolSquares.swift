/// A pool as a row of squares, one for each workspace: full for ready, half for starting, open for missing.
package struct PoolSquares: Hashable, Sendable {
    package let full: Int
    package let half: Int
    package let open: Int

    /// Counts the squares of a pool.
    /// - Parameters:
    ///   - most: The most squares. More workspaces share them by their proportion.
    package init(_ pool: PresetDocument, most: Int) {
        let (ready, starting) = (Self.bounded(pool.claimable), Self.bounded(pool.starting))
        let total = max(ready + starting, Self.bounded(pool.desired))
        let squares = min(total, most)
        full = ready == 0 ? 0 : max(1, ready * squares / total)
        half = starting == 0 ? 0 : min(squares - full, max(1, starting * squares / total))
        open = squares - full - half
    }

    /// Bounds a number of a document, which another program may have made.
    private static func bounded(_ number: Int) -> Int { min(max(0, number), 1_000_000) }
}
