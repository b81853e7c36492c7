internal import PrewarmCore

extension Engine {
    /// Ends the hold of a restored or new store. From then on, prewarm acts on the contents of the store.
    /// - Returns: The hold that ended.
    /// - Throws: ``ApprovalError/storeNotHeld`` if there is no hold.
    package func approveRestored(by: String, audit: AuditEntry? = nil) async throws -> StoreHold {
        let now = now()
        return try await store.write { store in
            let identity = try store.identity()
            guard let hold = identity.hold else { throw ApprovalError.storeNotHeld }
            let ours = try store.orphans().filter { $0.store != nil && !identity.isForeign($0.store) }
            try store.endHold(newest: ours.lazy.map(\.id).filter(\.isULID).max())
            try store.append([
                Event(
                    at: now, kind: .warning, reason: .storeApproved, object: "store",
                    name: String(identity.id.prefix(8)),
                    message: "approved by \(by): \(hold.sentence)")
            ])
            if let audit { try store.append(audit) }
            return hold
        }
    }
}

extension Engine {
    /// Ends the hold of a store whose identity file was missing, if each provisioner that can list has listed its workspaces
    /// since. A newer workspace in a list has made the store count as restored before.
    /// - Returns: True if the store is not on hold any more.
    func confirmStore(at now: Timestamp, in store: any StoreWriter) throws -> Bool {
        let identity = try store.identity()
        guard let hold = identity.hold, hold.reason == .unconfirmed else {
            return identity.hold?.reason.isOfClaims != true
        }
        let failing = Set(try store.listFailures().map(\.provisioner))
        for (name, provisioner) in provisioners where provisioner.operations.contains(.list) {
            guard !failing.contains(name), let listed = try store.listedAt(provisioner: name),
                listed > Listing.forgotten
            else { return false }
        }
        try store.endHold(newest: nil)
        try store.append([
            Event(
                at: now, reason: .storeConfirmed, object: "store", name: String(identity.id.prefix(8)),
                message: "no provisioner lists a newer workspace of this store, so claims and deletions go on")
        ])
        return true
    }
}

extension StoreWriter {
    /// Puts the store on hold if a provisioner lists a workspace of this store that is newer than the newest one that the
    /// store knows: then the store is an older copy.
    func recognizeRestored(_ listed: [ListedWorkspace], of provisioner: String, at now: Timestamp) throws {
        let identity = try identity()
        guard identity.hold?.reason != .restored else { return }
        let newer = try listed.filter { found in
            guard found.store == identity.id, found.id.isULID, found.id > identity.newest else { return false }
            return try workspace(found.id.rawValue)?.id != found.id
        }
        guard let newest = newer.map(\.id).max() else { return }
        let hold = StoreHold(
            .restored,
            "the provisioner \(provisioner) lists \(newer.count.counted("workspace")) of this store that it does not "
                + "know, for example \(newest)",
            since: now)
        try setHold(hold)
        try append([
            Event(
                at: now, kind: .warning, reason: .storeRestored, object: "store", name: String(identity.id.prefix(8)),
                message: hold.sentence)
        ])
    }
}

extension WorkspaceID {
    /// Returns true if the id has the form of the ids that prewarm makes, which begin with the time of creation.
    var isULID: Bool {
        rawValue.utf8.count == 26
            && rawValue.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) }
    }
}
