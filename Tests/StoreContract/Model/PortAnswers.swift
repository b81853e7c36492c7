import PrewarmCore
import PrewarmEngine

/// The answer of one read of a store.
struct PortAnswer: Sendable {
    let call: String
    let value: any Hashable & Sendable

    func isEqual(to other: PortAnswer) -> Bool { AnyHashable(value) == AnyHashable(other.value) }
}

/// The answers of all reads of a store, with each of the few keys of ``PortCalls``.
enum PortAnswers {
    static func all(in store: any StoreReader, at now: Timestamp) throws -> [PortAnswer] {
        try sources(store, now) + presets(store) + workspaces(store, now) + operations(store, now)
            + claims(store, now) + provisioners(store) + history(store)
    }

    private static func answer(_ call: String, _ value: any Hashable & Sendable) -> PortAnswer {
        PortAnswer(call: call, value: value)
    }

    private static func sources(_ store: any StoreReader, _ now: Timestamp) throws -> [PortAnswer] {
        var answers = [
            answer("hold", try store.identity().hold), answer("newest", try store.identity().newest),
            answer("sources", try store.sources()), answer("pins", try store.pins()),
            answer("suspensions", try store.suspensions()),
        ]
        for source in PortCalls.sources {
            let open = try store.openPresets(source: source, dueBy: now)
            answers += [
                answer("lease of \(source)", try store.lease(ofSource: source)),
                answer("guard of \(source)", try store.guardRecord(ofSource: source)),
                answer("revisions of \(source)", try store.revisions(source: source, limit: 4)),
                answer("diagnostics of \(source)", try store.diagnostics(source: source)),
                answer("templates of \(source)", try store.templates(source: source)),
                answer("open presets of \(source)", open?.presets), answer("due presets of \(source)", open?.due),
                answer(
                    "settled pools of \(source)", try store.settledPools(source: source, without: [.go], after: now)),
                answer("ever ready in \(source)", try store.everReady(source: source)),
                answer("conditions of \(source)", try store.conditions(source: source)),
                answer("build times of \(source)", try store.buildTimes(source: source)),
                answer("presets in \(source)", try store.presetCount(source: source)),
            ]
        }
        return answers
    }

    private static func presets(_ store: any StoreReader) throws -> [PortAnswer] {
        var answers = [
            answer("presets", try store.presets(source: nil)), answer("templates", try store.templates(source: nil)),
            answer("failures", try store.failures(source: nil)),
            answer("failed handovers", try store.handoverFailures(source: nil)),
            answer("tallies", Set(try store.tallies(source: nil))), answer("live", try store.liveWorkspaces()),
            answer("idle times", try store.idleTimes(since: .at(5), at: .at(60))),
            answer("instances", Set(try store.instances(of: PortCalls.presets))),
        ]
        for key in PortCalls.presets {
            answers += [
                answer("presets named \(key)", try store.presets(named: key.description)),
                answer("presets named \(key.name)", try store.presets(named: key.name)),
                answer("replacement \(key)", try store.isReplacement(key)),
                answer("tallies of \(key)", Set(try store.tallies(of: key))),
                answer("tickets of \(key)", try store.tickets(of: key)),
            ]
            for fingerprint in PortCalls.versions.map({ WorkspaceSpec.sample($0).fingerprint }) {
                answers += [
                    answer("built \(key)", try store.hasBuilt(fingerprint, of: key)),
                    answer("starting \(key)", try store.startingForClaims(of: key, fingerprint)),
                ]
            }
        }
        return answers
    }

    private static func workspaces(_ store: any StoreReader, _ now: Timestamp) throws -> [PortAnswer] {
        let all = try store.workspaces(WorkspaceFilter(states: WorkspaceState.allCases))
        var answers = [
            answer("workspaces", all), answer("live workspaces", try store.workspaces(WorkspaceFilter(limit: 5))),
            answer("replacements", try store.replacements()), answer("broken claims", try store.brokenClaims()),
        ]
        for workspace in all {
            let id = workspace.id
            answers += [
                answer("workspace named \(workspace.name)", try store.workspace(workspace.name)?.name),
                answer("parameters of \(id)", try store.claimParameters(of: id)),
                answer("check of \(id)", try store.check(of: id)),
            ]
        }
        for key in PortCalls.keys {
            answers.append(answer("claimed with \(key)", try store.workspace(claimedWith: key)))
        }
        return answers
    }

    private static func operations(_ store: any StoreReader, _ now: Timestamp) throws -> [PortAnswer] {
        let all = try store.operations(OperationFilter())
        var answers = [
            answer("operations", all), answer("handovers", try store.handovers()),
            answer("next attempt", try store.nextAttempt(after: now)),
            answer("unfinished", try store.unfinishedOperations(now: now)),
        ]
        for key in PortCalls.presets {
            answers.append(answer("operations of \(key)", try store.operations(OperationFilter(preset: key, limit: 3))))
        }
        for record in all {
            answers.append(answer("log of \(record.operation.id)", try store.log(of: record.operation.id)))
        }
        for provisioner in PortCalls.provisioners {
            var filters = [
                DueFilter(provisioner: provisioner), DueFilter(provisioner: provisioner, isOfCreates: true),
                DueFilter(provisioner: provisioner, laneClass: LaneClass(.delete)),
            ]
            filters += PortCalls.presets.map { DueFilter(provisioner: provisioner, preset: $0.name) }
            filters += all.prefix(3).map { DueFilter(provisioner: provisioner, workspace: $0.operation.workspace) }
            for filter in filters {
                answers.append(answer("due of \(filter)", try store.dueOperations(filter, now: now, limit: 8)))
            }
            answers.append(
                answer(
                    "next class of \(provisioner)", try store.nextLaneClass(of: provisioner, after: LaneClass(.inspect))
                ))
        }
        return answers
    }

    private static func claims(_ store: any StoreReader, _ now: Timestamp) throws -> [PortAnswer] {
        let counts = try store.leaseCounts(at: now)
        var answers = [
            answer("claims", try store.claims(ClaimFilter())),
            answer("held claims", try store.claims(ClaimFilter(isHeld: true))),
            answer("leases", try store.claims(ClaimFilter(isLeased: true))),
            answer("expiring", try store.claims(ClaimFilter(isExpiring: true, limit: 2))),
            answer("next look", try store.nextLeaseLook()), answer("lease counts", [counts.running, counts.due]),
            answer("due leases", Set(try store.dueLeases(at: now, limit: .max))),
            answer("lease clock", try store.leaseClock()), answer("tickets", try store.tickets()),
            answer("ticket counts", try store.ticketCounts()), answer("holders", Set(try store.ticketHolders())),
            answer("expired tickets", Set(try store.tickets(expiredBefore: now))),
            answer("results", try store.claimResults(of: nil, since: .at(0), limit: 2)),
        ]
        for owner in PortCalls.owners {
            answers += [
                answer("held by \(owner)", try store.heldWorkspaces(of: owner, limit: 3)),
                answer("count of \(owner)", try store.heldCount(of: owner)),
                answer("has claimed \(owner)", try store.hasClaimed(owner)),
                answer("tickets of \(owner)", try store.ticketCount(of: owner)),
            ]
        }
        for source in PortCalls.sources {
            answers += [
                answer("demand in \(source)", Set(try store.demandingTickets(source: source))),
                answer("ended waits", try store.endedWaits(source: source, since: .at(10)).mapValues { Set($0) }),
            ]
        }
        for holder in PortCalls.holders {
            answers += [
                answer("tickets of \(holder)", Set(try store.tickets(heldBy: holder))),
                answer("heartbeat of \(holder)", try store.heartbeat(of: holder)),
            ]
        }
        return answers
    }

    private static func provisioners(_ store: any StoreReader) throws -> [PortAnswer] {
        var answers = [
            answer("orphans", try store.orphans()), answer("list failures", try store.listFailures()),
            answer("open breakers", try store.openBreakers().map(\.provisioner)),
        ]
        for name in PortCalls.provisioners {
            answers += [
                answer("listing of \(name)", try store.listing(provisioner: name)),
                answer("listed at \(name)", try store.listedAt(provisioner: name)),
                answer("wanted \(name)", try store.isListWanted(of: name)),
                answer("heard \(name)", try store.activityHeardAt(provisioner: name)),
                answer("suspects of \(name)", try store.suspects(provisioner: name)),
                answer("breaker of \(name)", try store.breaker(of: name)),
                answer("health of \(name)", try store.health(provisioner: name)),
                answer("interval of \(name)", try store.healthInterval(provisioner: name)),
                answer("checks of \(name)", try store.checks(provisioner: name)),
                answer("unfinished checks of \(name)", try store.unfinishedChecks(provisioner: name)),
            ]
        }
        return answers
    }

    /// A store may skip numbers of events and audit entries, so only their order is compared.
    private static func history(_ store: any StoreReader) throws -> [PortAnswer] {
        let (events, audit) = (try store.events(after: 0, limit: .max), try store.audit(before: nil, limit: .max))
        let (middle, page) = (events.count / 2, audit.count / 2)
        let later = try events.isEmpty ? [] : store.events(after: events[middle].sequence, limit: 5)
        let earlier = try audit.isEmpty ? [] : store.audit(before: audit[page].sequence, limit: 2)
        return [
            answer("events", try store.events(EventFilter(limit: 20))),
            answer("events of go", try store.events(EventFilter(preset: .go, limit: 2))),
            answer("numbered events", events.map(\.event)), answer("later events", later.map(\.event)),
            answer("newest event", try store.newestEvent() == events.last?.sequence ?? 0),
            answer("sink", try store.sink("chat")), answer("tokens", try store.accessTokens()),
            answer("are tokens", try store.hasAccessTokens()), answer("audit", audit.map(\.entry)),
            answer("earlier audit", earlier.map(\.entry)),
            answer("parsed", try store.parsed(blobs: PortCalls.blobs, parserVersion: 2)),
        ]
    }
}
