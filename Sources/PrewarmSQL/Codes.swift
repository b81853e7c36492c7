package import PrewarmCore

/// An enum whose cases are stored as numbers, beginning with 0. The number of a case never changes and is never reused.
package protocol Coded: CaseIterable {
    var code: Int { get }
    /// All cases in the order of their codes.
    static var byCode: [Self] { get }
}

extension Coded {
    /// Returns the case of a number. Nil if no case has the number.
    package init?(code: Int) {
        let cases = Self.byCode
        guard cases.indices.contains(code) else { return nil }
        self = cases[code]
    }

    fileprivate static func inOrder() -> [Self] {
        allCases.sorted { $0.code < $1.code }
    }
}

extension WorkspaceState: Coded {
    package static let byCode = inOrder()

    package var code: Int {
        switch self {
        case .pending: 0
        case .creating: 1
        case .ready: 2
        case .claimed: 3
        case .deleting: 4
        case .deleted: 5
        case .failed: 6
        case .lost: 7
        case .suspect: 8
        case .unhealthy: 9
        }
    }
}

extension Operation.State: Coded {
    package static let byCode = inOrder()

    package var code: Int {
        switch self {
        case .pending: 0
        case .running: 1
        case .succeeded: 2
        case .failed: 3
        case .cancelled: 4
        }
    }
}

extension Operation.Kind: Coded {
    package static let byCode = inOrder()

    package var code: Int {
        switch self {
        case .create: 0
        case .delete: 1
        case .start: 2
        case .stop: 3
        case .claim: 4
        case .inspect: 5
        }
    }
}

extension Owner {
    private static let oidcPrefix = "oidc "

    /// The value of the column with the kind of an owner. Nil if no kind was recorded.
    var kindCode: String? {
        switch kind {
        case .token: "token"
        case .oidc(let issuer): Self.oidcPrefix + issuer
        case .text: "text"
        case .unrecorded: nil
        }
    }

    /// Reads an owner from its two columns. Nil if there is no name. An unknown kind counts as unrecorded.
    init?(name: String?, kind: String?) {
        guard let name else { return nil }
        switch kind {
        case "token": self.init(.token, name)
        case "text": self.init(.text, name)
        case let kind? where kind.hasPrefix(Self.oidcPrefix):
            self.init(.oidc(issuer: String(kind.dropFirst(Self.oidcPrefix.count))), name)
        default: self.init(.unrecorded, name)
        }
    }
}

/// Conditions that statements share with the indexes of the databases.
package enum SQLConditions {
    /// The condition for a handover that has not ended.
    package static let unfinishedHandover =
        "kind = \(Operation.Kind.claim.code) AND state < \(Operation.State.succeeded.code)"
}

extension Collection where Element: Coded {
    /// Returns a condition for SQL, for example `state = 2` or `state IN (0,1)`. It has literals, so that SQLite can
    /// use partial indexes. The condition of an empty collection matches nothing.
    func condition(on column: String) -> String {
        if isEmpty { return "false" }
        if count == 1, let only = first { return "\(column) = \(only.code)" }
        return "\(column) IN (\(map { String($0.code) }.joined(separator: ",")))"
    }
}
