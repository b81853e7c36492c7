package import PrewarmCore

/// An owner that holds as many workspaces as it may.
package struct OwnerUsage: Sendable {
    package let owner: Owner
    /// The number of workspaces that the owner holds. It is above ``limit`` if the limit was lowered.
    package let count: Int
    package let limit: Int
    /// The workspaces that the owner has held longest, without those that the reader may not see.
    package let workspaces: [Workspace]

    /// The largest number of ``workspaces``.
    static let mostShown = 20
}

/// The limits on what owners hold and wait for. They are checked in the transaction that claims, which is the only writer of
/// the store, so no other claim of any process can come between.
extension Engine {
    /// Throws if an owner may not get one more workspace.
    /// - Parameter audience: The reader of the error.
    /// - Throws: ``ClaimError/ownerLimit(_:_:)``
    func requireRoom(
        for owner: Owner, _ purpose: ClaimPurpose = .claim, in store: any StoreReader, for audience: some Audience
    ) throws {
        guard let limit = policy.owners.limits(of: owner).claims else { return }
        let count = try store.heldCount(of: owner)
        guard count >= limit else { return }
        let held = try store.heldWorkspaces(of: owner, limit: OwnerUsage.mostShown)
            .filter { audience.view(of: $0.preset, owner: $0.owner) != .hidden }
        throw ClaimError.ownerLimit(OwnerUsage(owner: owner, count: count, limit: limit, workspaces: held), purpose)
    }

    /// Returns the tickets in the order of the queue, of each owner at most as many as it may still get workspaces.
    func usable(_ tickets: [Ticket], in store: any StoreReader) throws -> [Ticket] {
        ClaimOrder.within(
            try room(of: Set(tickets.map(\.owner)), in: store), tickets.sorted { $0.comes(before: $1) })
    }

    /// Returns the numbers of workspaces that owners may still get. Owners without a limit are left out.
    func room(of owners: Set<Owner>, in store: any StoreReader) throws -> [Owner: Int] {
        guard policy.owners.limitsClaims else { return [:] }
        var room: [Owner: Int] = [:]
        for owner in owners {
            guard let limit = policy.owners.limits(of: owner).claims else { continue }
            room[owner] = max(0, limit - (try store.heldCount(of: owner)))
        }
        return room
    }

    /// Throws if an owner, or all owners together, may not have one more waiting claim.
    /// - Throws: ``ClaimError/queueFull(_:limit:)``
    func requirePlace(for owner: Owner, in store: any StoreReader) throws {
        let (own, all) = (policy.owners.limits(of: owner).waiting, policy.limits.waitingClaims)
        guard try store.ticketCount(of: owner) < own else { throw ClaimError.queueFull(owner, limit: own) }
        guard try store.ticketCount(of: nil) < all else { throw ClaimError.queueFull(nil, limit: all) }
    }
}

/// The act that an owner's limit refuses.
package enum ClaimPurpose: Sendable {
    case claim
    /// A transfer of this workspace to the owner.
    case transfer(Workspace)
}
