/// What an operation is for, as far as it decides which one starts first: the most urgent lane comes first (DESIGN.md §4).
package enum Lane: Int, CaseIterable, Comparable, Sendable {
    /// The provisioner personalizes a workspace for the owner who just claimed it.
    case handover
    /// A user claimed where none was ready.
    case waitingClaim
    case inspect
    /// A delete while a limit holds something back: it makes room.
    case deleteForRoom
    /// Pools are filled: by priority of the preset, in turn among presets of the same priority.
    case create
    case delete

    package init(_ kind: Operation.Kind, reason: Reason) {
        self =
            switch kind {
            case .claim: .handover
            case .create: reason == .claimed ? .waitingClaim : .create
            case .inspect: .inspect
            case .delete: .delete
            case .start, .stop: .create
            }
    }

    /// Whether somebody waits for it: reserved slots are for these lanes alone.
    package var isForPeople: Bool { self <= .waitingClaim }

    package static func < (left: Lane, right: Lane) -> Bool { left.rawValue < right.rawValue }
}

/// A lane, split by the priorities of presets. Its number grows from the most to the least urgent class, so that an index
/// has all operations of a class side by side.
package struct LaneClass: Hashable, Comparable, Sendable {
    /// From -1000 to 1000.
    private static let span = 10_000

    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package init(_ lane: Lane, priority: Int = 0) {
        rawValue = lane.rawValue * Self.span - min(max(priority, -1000), 1000)
    }

    package var lane: Lane {
        let number = (rawValue + Self.span / 2) / Self.span
        return Lane(rawValue: min(max(number, 0), Lane.delete.rawValue)) ?? .delete
    }

    package static func < (left: LaneClass, right: LaneClass) -> Bool { left.rawValue < right.rawValue }
}

/// The place of an operation in the queue of its provisioner.
package struct QueuePlace: Hashable, Sendable {
    package let laneClass: LaneClass
    /// Within a class the operations of the first round start before those of the second. A preset has one operation in
    /// each round, so that presets take turns.
    package let round: Int

    package init(_ laneClass: LaneClass, round: Int = 0) {
        self.laneClass = laneClass
        self.round = round
    }

    /// Returns the round of the first of some new creates of a preset; each further one is in the next round.
    ///
    /// Example: preset a has creates in the rounds 5, 6 and 7. Preset b is new and gets two creates: they are in the rounds 5
    /// and 6, so the order is a b a b a. One more of a is in round 8: whoever asks often does not go first.
    /// - Parameters:
    ///   - current: the round that is being started: the lowest one of the class that waits; nil: none waits.
    ///   - own: the highest round of the preset's own waiting creates; nil: none waits.
    package static func firstRound(current: Int?, own: Int?) -> Int {
        max(current ?? 0, own.map { $0 + 1 } ?? 0)
    }
}
