package import PrewarmCore

/// An event with its number.
package struct SequencedEvent: Hashable, Sendable {
    /// The number of the event in the order of commits, from 1. No number is used twice.
    package let sequence: Int64
    package let event: Event

    package init(sequence: Int64, event: Event) {
        self.sequence = sequence
        self.event = event
    }
}

/// The position of a notification sink in the events, with the sink's own state.
package struct SinkRecord: Hashable, Sendable {
    /// The number of the last event that ``state`` includes.
    package var cursor: Int64
    /// The state in the sink's own format.
    package var state: [UInt8]

    package init(cursor: Int64, state: [UInt8]) {
        self.cursor = cursor
        self.state = state
    }
}

/// The numbers of pending and running operations.
package struct OperationTallies: Hashable, Sendable {
    package struct Group: Hashable, Sendable {
        package let kind: Operation.Kind
        package let state: Operation.State
        package let count: Int

        package init(kind: Operation.Kind, state: Operation.State, count: Int) {
            self.kind = kind
            self.state = state
            self.count = count
        }
    }

    package var groups: [Group] = []
    /// The time since which the oldest due operation waits; nil if no pending operation is due.
    package var oldestDueAt: Timestamp?

    package init() {}
}
