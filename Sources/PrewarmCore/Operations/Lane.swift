/// The purpose of an operation, which decides its place in the queue. The cases are in the order of their urgency.
package enum Lane: Int, CaseIterable, Comparable, Sendable {
    /// The handover of a workspace to the owner who claimed it.
    case handover
    /// The create for a claim that waits because no workspace was ready.
    case waitingClaim
    case inspect
    /// A delete that makes room while a limit holds creates.
    case deleteForRoom
    /// A create for a pool. Presets of a higher priority come first, and presets of the same priority take turns.
    case create
    case delete

    package init(_ kind: Operation.Kind, reason: Reason) {
        self =
            switch kind {
            case .claim: .handover
            case .create: reason == .claimed || reason == .waitingClaim ? .waitingClaim : .create
            case .inspect: .inspect
            case .delete: .delete
            case .start, .stop: .create
            }
    }

    /// True if a user waits for operations of the lane. Reserved slots are only for these lanes.
    package var isForPeople: Bool { self <= .waitingClaim }

    /// True for the lanes of creates, which wait while the provisioner is unavailable.
    package var isOfCreates: Bool { self == .create || self == .waitingClaim }

    package static func < (left: Lane, right: Lane) -> Bool { left.rawValue < right.rawValue }
}

/// A lane and the priority of a preset. The most urgent class has the lowest number, so that an index of the store
/// holds the operations of a class next to each other.
///
/// Example: lane `create` has the raw value 4, so the priority 10 gives 4 × 10,000 − 10 = 39,990.
package struct LaneClass: Hashable, Comparable, Sendable {
    /// The distance between the numbers of two lanes. Priorities are cut to the range -1000 to 1000.
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
    /// The round within the class. Operations of a lower round start first. A preset has one operation in each round,
    /// so that presets take turns.
    package let round: Int

    package init(_ laneClass: LaneClass, round: Int = 0) {
        self.laneClass = laneClass
        self.round = round
    }

    /// Returns the round of the first of a preset's new creates. Each further create is in the next round.
    ///
    /// Example: preset a has creates in the rounds 5, 6 and 7. Preset b gets two new creates: max(5, 0) = 5, so they
    /// are in the rounds 5 and 6, and the order is a b a b a. Another create of a is in the round max(5, 7 + 1) = 8,
    /// so a preset that gets many creates does not delay the others.
    /// - Parameters:
    ///   - current: the lowest round of the waiting creates of the class; nil if no create waits.
    ///   - own: the highest round of the preset's own waiting creates; nil if none of its creates waits.
    package static func firstRound(current: Int?, own: Int?) -> Int {
        max(current ?? 0, own.map { $0 + 1 } ?? 0)
    }
}
