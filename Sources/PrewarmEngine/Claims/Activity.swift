package import PrewarmCore

/// Signs of life that provisioners report (`activeAt`).
///
/// A lease whose provisioner reports activity ends only after the provisioner was asked behind its end, and time in which the
/// provisioner could not be asked does not count.
extension StoreWriter {
    /// Notes that a provisioner saw activity in claimed workspaces. Each sign of life moves the end of a lease like a renewal,
    /// without an event. Older times than the known ones change nothing.
    /// - Returns: The number of times that are too far in the future to be believed.
    @discardableResult
    package func noteActivity(_ times: [WorkspaceID: Timestamp], at now: Timestamp) throws -> Int {
        for (id, time) in times {
            guard let workspace = try workspace(id.rawValue), workspace.state == .claimed,
                var claim = try claim(of: workspace), claim.isHeld,
                claim.lease?.noteActivity(at: time, now: now) == true
            else { continue }
            try save(claim)
        }
        return times.values.count { $0 > now + ClaimLease.clockTolerance }
    }

    /// Notes that a provisioner answered, after it could not be asked for some time.
    /// - Parameters:
    ///   - failure: The time in which it could not be asked; nil if it answered before, too.
    ///   - claimed: The claimed workspaces of the provisioner.
    ///   - startedAt: The time of the question. The answer says nothing about the time after it.
    ///   - now: The time of the answer, with which the times in it are compared.
    func noteAnswer(
        of provisioner: String, _ times: [WorkspaceID: Timestamp], after failure: ListFailure?, claimed: [Workspace],
        startedAt: Timestamp, at now: Timestamp
    ) throws -> Int {
        if let failure, try activityHeardAt(provisioner: provisioner) != nil {
            for workspace in claimed {
                guard var claim = try claim(of: workspace), claim.isHeld, let before = claim.lease else { continue }
                claim.lease?.excuse(startedAt - failure.since, grantedAt: claim.grantedAt ?? startedAt, at: startedAt)
                if claim.lease != before { try save(claim) }
            }
        }
        try setActivityHeard(provisioner: provisioner, at: startedAt, isSource: !times.isEmpty)
        return try noteActivity(times, at: now)
    }
}

extension Engine {
    /// Returns true if a provisioner reports activity and was not asked since the end of a lease, so that the lease may have
    /// to be renewed. The provisioner is then asked soon. No answer can renew a lease that has reached its longest time.
    func isUnheard(_ claim: Claim, of provisioner: String, at now: Timestamp, in store: any StoreWriter) throws -> Bool
    {
        guard let lease = claim.lease, lease.endsAt.map({ lease.end < $0 }) ?? true,
            let operations = provisioners[provisioner]?.operations,
            let heardAt = try store.activityHeardAt(provisioner: provisioner)
        else { return false }
        // A time in the future comes from a clock that was set back since.
        func isBehind(_ time: Timestamp) -> Bool { lease.end <= time && time <= now }
        guard operations.contains(.list) else {
            // The next check of the workspace is at most an interval away. A new answer is compared with the store first.
            guard operations.contains(.inspect), try store.health(provisioner: provisioner)[claim.preset] != nil,
                let check = try claim.workspace.flatMap({ try store.check(of: $0) })
            else { return false }
            return try check.isNew || !isBehind(check.at)
                || store.listFailures().contains { $0.provisioner == provisioner }
        }
        if isBehind(heardAt) { return false }
        try store.wantList(of: provisioner, at: now)
        return true
    }
}
