/// The role of a caller over the network. A table in the server lists what each role may do.
package enum Role: String, CaseIterable, Comparable, Sendable {
    /// Reads pools, sources and plans, and may wake a source up so that it checks git now.
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
