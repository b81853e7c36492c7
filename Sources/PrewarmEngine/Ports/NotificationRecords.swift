package import PrewarmCore

/// An event with its place among all.
package struct SequencedEvent: Hashable, Sendable {
    /// From 1, growing.
    package let sequence: Int64
    package let event: Event

    package init(sequence: Int64, event: Event) {
        self.sequence = sequence
        self.event = event
    }
}

/// How far a sink of notifications has read the events, and what it has to remember of them.
package struct SinkRecord: Hashable, Sendable {
    /// The number of the last event that `state` knows of.
    package var cursor: Int64
    /// In the sink's own form.
    package var state: [UInt8]

    package init(cursor: Int64, state: [UInt8]) {
        self.cursor = cursor
        self.state = state
    }
}

/// What waits and runs.
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
    /// Since when the first of those that could run waits; nil: none does.
    package var oldestDueAt: Timestamp?

    package init() {}
}
