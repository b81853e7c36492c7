/// What somebody who asks over the network may do. What each role may is decided in one table, in the server.
package enum Role: String, CaseIterable, Comparable, Sendable {
    /// Looks at pools, sources and plans, and nudges a source to look at git now.
    case viewer
    /// Claims workspaces for itself, and sees and releases those.
    case claimer
    /// May do everything.
    case `operator`

    package static func < (left: Role, right: Role) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .claimer: 1
        case .operator: 2
        }
    }
}
