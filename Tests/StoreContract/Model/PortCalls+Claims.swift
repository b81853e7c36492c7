import PrewarmCore
import PrewarmEngine

extension PortCalls {
    mutating func ofClaims() -> PortCall {
        let (now, time) = (now, time())
        switch number(0...7) {
        case 0, 1, 2, 3:
            var claim = StoreContract.randomClaim(Int(number(0...9)), &random)
            claim.owner = owner()
            if chance(30) { (claim.endedAt, claim.endReason) = (time, .released) }
            if chance(20) { claim.lease = nil }
            return PortCall("save claim \(claim.id)") { [claim] in try $0.save(claim) }
        case 4:
            let gap = Duration.seconds(number(-50...50))
            return PortCall("remove \(gap) from leases") { try $0.removeLeaseTime(gap, at: now) }
        case 5: return PortCall("forget claims") { try $0.forgetClaims(endedBefore: time) }
        default:
            let clock = LeaseClock(
                holder: "h", until: time, uptime: maybe(Uptime(boot: "b", elapsed: .seconds(number(0...9)))))
            return PortCall("save the lease clock") { try $0.save(clock) }
        }
    }

    mutating func ofTickets() -> PortCall {
        let (id, now, time, holder) = (ClaimID("t\(number(0...5))"), now, time(), one(Self.holders))
        switch number(0...6) {
        case 0, 1, 2:
            let key = preset()
            let ticket = Ticket(
                id: id, preset: key, others: Self.presets.filter { $0 != key && chance(20) }, owner: owner(),
                priority: Int(one([10, 50])), since: time, holder: holder, demand: maybe(preset()),
                expiresAt: maybe(self.time()))
            return PortCall("save ticket \(id)") { try $0.save(ticket) }
        case 3: return PortCall("forget ticket \(id)") { try $0.forget(ticket: id) }
        case 4:
            let (wait, key) = (WaitingDemand.Wait(since: now, until: time), preset())
            return PortCall("save ended wait of \(id)") { try $0.saveEndedWait(wait, of: key, claim: id) }
        case 5: return PortCall("heartbeat of \(holder)") { try $0.saveHeartbeat(of: holder, at: now) }
        default: return PortCall("forget heartbeats") { try $0.forgetHeartbeats(before: time) }
        }
    }

    mutating func ofProvisioners() -> PortCall {
        let (name, now, time) = (provisioner(), now, time())
        switch number(0...9) {
        case 0, 1:
            let orphans = workspaces().map {
                Orphan(provisioner: name, id: $0, state: maybe("up"), since: time, store: maybe("s"))
            }
            let listing = Listing(
                provisioner: name, at: now, orphans: orphans.reversed(), moreOrphans: Int(number(0...3)),
                unknownStates: ["odd"])
            return PortCall("save listing of \(name)") { try $0.save(listing) }
        case 2: return PortCall("set \(name) listed") { try $0.setListed(provisioner: name, at: now) }
        case 3:
            let failure = maybe(ListFailure(provisioner: name, message: "m", since: time))
            return PortCall("set list failure of \(name)") { try $0.setListFailure(failure, provisioner: name) }
        case 4: return PortCall("want a list of \(name)") { try $0.wantList(of: name, at: now) }
        case 5:
            let isSource = chance(50)
            return PortCall("hear \(name)") { try $0.setActivityHeard(provisioner: name, at: time, isSource: isSource) }
        case 6:
            let suspects = workspaces().map {
                Suspect(workspace: $0, since: time, state: maybe("failed"), misses: 2, isReported: chance(50))
            }
            return PortCall("replace suspects of \(name)") { try $0.replaceSuspects(suspects, provisioner: name) }
        case 7:
            let check = Check(
                workspace: workspace(), provisioner: name, at: now, state: "ready", activeAt: maybe(time),
                isNew: chance(80))
            return PortCall("save check of \(check.workspace)") { try $0.save(check) }
        case 8:
            let ids = Set(workspaces())
            return PortCall("settle checks of \(ids)") { try $0.settleChecks(of: ids, provisioner: name) }
        default:
            let breaker = breaker(name)
            return PortCall("save breaker of \(name)") { try $0.save(breaker) }
        }
    }

    private mutating func breaker(_ provisioner: String) -> Breaker {
        var breaker = Breaker(provisioner: provisioner)
        breaker.phase = one(Breaker.Phase.allCases)
        breaker.since = maybe(time())
        breaker.room = maybe(3)
        breaker.lastBuilt = maybe(preset())
        breaker.failures = Self.presets.filter { _ in chance(40) }.map {
            BreakerFailure(preset: $0, fingerprint: Fingerprint(rawValue: 3), at: now, isProven: chance(50))
        }
        return breaker
    }

    mutating func ofHistory() -> PortCall {
        let (now, time, key) = (now, time(), preset())
        switch number(0...8) {
        case 0, 1:
            let event = Event(
                at: time, kind: one(Event.Kind.allCases), storedReason: "R\(number(0...9))", object: "preset",
                name: key.name, source: maybe(key.source), preset: maybe(key.name), message: "m", detail: maybe("d"),
                owner: maybe(owner()))
            return PortCall("append an event") { try $0.append([event]) }
        case 2:
            let record = SinkRecord(cursor: number(0...9), state: [1, 2])
            return PortCall("save the sink") { try $0.save(record, ofSink: "chat") }
        case 3:
            let token = AccessTokenRecord(
                id: "i\(number(0...3))", name: "n\(number(0...3))", role: one(Role.allCases), digest: [7],
                createdAt: now, createdBy: "ada", expiresAt: maybe(time))
            return PortCall("insert token \(token.id) \(token.name)", answering: { "\(try $0.insert(token))" })
        case 4:
            let (id, isUse) = ("i\(number(0...3))", chance(60))
            return PortCall(
                "use or forget token \(id)",
                answering: { store in
                    guard isUse else { return "\(try store.forgetAccessToken(id))" }
                    try store.noteUse(ofAccessToken: id, at: time)
                    return ""
                })
        case 5:
            let entry = AuditEntry(at: time, who: "w", action: "a", object: "o", name: key.name, detail: maybe("d"))
            return PortCall("append to the audit log") { try $0.append(entry) }
        case 6: return PortCall("forget audit") { try $0.forgetAudit(before: time) }
        case 7:
            let (blob, version) = (one(Self.blobs), Int(number(1...2)))
            return PortCall("save parsed \(blob)") { try $0.saveParsed([(blob, [1])], parserVersion: version, at: now) }
        default:
            // History is deleted at most once an hour, so the times are far apart.
            let before = Timestamp.at(number(0...9) * 4000)
            guard chance(20) else { return ofTickets() }
            return PortCall("forget history before \(before)", answering: { "\(try $0.forgetHistory(before: before))" })
        }
    }
}
