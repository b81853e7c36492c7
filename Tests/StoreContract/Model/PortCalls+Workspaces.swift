import PrewarmCore
import PrewarmEngine

extension PortCalls {
    mutating func ofWorkspaces() -> PortCall {
        let (id, time) = (workspace(), time())
        switch number(0...12) {
        case 0, 1, 2:
            let new = workspaces().map {
                Workspace.sample(
                    $0.rawValue, preset(), one(WorkspaceState.allCases), version: version(),
                    readyAt: maybe(self.time()),
                    owner: maybe(owner()), createdAt: time)
            }
            let replaces = chance(60)
            return PortCall("\(replaces ? "replace" : "insert") \(new.map(\.id))") { store in
                if replaces { try store.replaceDeleted(by: new) } else { try store.insert(new) }
            }
        case 3:
            let groups = Self.presets.filter { _ in chance(40) }.map { group(of: $0) }
            return PortCall("create \(groups.map(\.ids))") { try $0.create(groups) }
        case 4, 5:
            let (states, state, ready, endpoint) = (states(), one(WorkspaceState.allCases), maybe(time), maybe("e"))
            let handover = one(HandoverState.allCases)
            return PortCall(
                "update \(id) from \(states) to \(state)",
                answering: { store in
                    guard var workspace = try store.workspace(id.rawValue) else { return "none" }
                    (workspace.state, workspace.readyAt, workspace.endpoint) = (state, ready, endpoint)
                    (workspace.handover, workspace.metadata) = (handover, ["k": "v"])
                    return "\(try store.update(workspace, from: states))"
                })
        case 6, 7:
            let (ids, states, state) = (workspaces(), states(), one(WorkspaceState.allCases))
            return PortCall(
                "move \(ids) from \(states) to \(state)",
                answering: { store in
                    "\(try store.move(ids, from: states, to: state).sorted())"
                })
        case 8, 9:
            let claim = claimRequest()
            return PortCall("claim \(claim)", answering: { "\(try $0.claim(claim).map { "\($0.id)" } ?? "none")" })
        case 10:
            let claim = claimRequest()
            return PortCall(
                "claim starting \(claim)", answering: { "\(try $0.claimStarting(claim).map { "\($0.id)" } ?? "none")" })
        case 11:
            let key = maybe(one(Self.keys))
            return PortCall("remember \(key?.text ?? "nothing") of \(id)") { try $0.remember(claimKey: key, of: id) }
        default:
            let (parameters, ids, key) = (["p": ParameterValue.integer(Int64(number(0...9)))], workspaces(), preset())
            if chance(50) { return PortCall("replace \(ids) on demand") { try $0.replace(ids, of: key, at: time) } }
            return PortCall("save parameters of \(id)") { try $0.save(claimParameters: parameters, of: id) }
        }
    }

    private mutating func group(of key: PresetKey) -> NewWorkspaces {
        var options = PoolOptions()
        options.priority = one([0, 0, 7])
        let preset = Preset(
            key: key, origin: Origin(file: "a.yaml", line: 1), spec: .sample(version()), instances: 3, options: options)
        let ids = workspaces().filter { $0.rawValue.utf8.count == 26 }
        return NewWorkspaces(
            ids: ids, of: preset, revision: maybe("r"), reason: one([.belowDesired, .belowDesired, .waitingClaim]),
            createdAt: now)
    }

    private mutating func claimRequest() -> ClaimRequest {
        ClaimRequest(
            preset: preset(), owner: owner(), current: WorkspaceSpec.sample(version()).fingerprint,
            readySince: maybe(time()), offersOutdated: chance(60), offersExpired: chance(50), now: now,
            idempotencyKey: chance(30) ? one(Self.keys) : nil, id: maybe(ClaimID("c\(number(0...5))")),
            freshSince: maybe(time()))
    }

    mutating func ofOperations() -> PortCall {
        let (key, now, time) = (preset(), now, time())
        switch number(0...10) {
        case 0, 1, 2:
            let new = (0..<number(1...2)).map { _ in operation() }
            return PortCall("insert \(new.map { "\($0.id) \($0.kind)" })") { try $0.insert(new) }
        case 3, 4, 5:
            let (place, state, finished) = (number(0...9), one(Operation.State.allCases), maybe(time))
            let lease = maybe(Lease(holder: "h", fence: 1, until: time))
            return PortCall("update operation \(place) to \(state)") { store in
                let all = try store.operations(OperationFilter())
                guard !all.isEmpty else { return }
                var record = all[Int(place) % all.count]
                (record.operation.state, record.operation.finishedAt, record.lease) = (state, finished, lease)
                (record.operation.nextAttemptAt, record.operation.attempt) = (time, record.operation.attempt + 1)
                try store.update(record)
            }
        case 6:
            let ids = workspaces()
            return PortCall("cancel operations of \(ids)") { try $0.cancelOperations(of: ids, now: now) }
        case 7:
            let provisioner = provisioner()
            return PortCall("make \(provisioner) due") { try $0.makeDue(provisioner: provisioner, at: now) }
        case 8:
            let scope: Suspension.Scope = one([.all, .source(key.source), .preset(key)])
            return PortCall("raise deletes of \(scope)") { try $0.raiseDeletes(of: scope, provisioners: ["local"]) }
        case 9:
            let priority = Int(number(-5...5))
            return PortCall("set priority of \(key) to \(priority)") { try $0.setPriority(priority, of: key) }
        default:
            let (place, further) = (number(0...9), Int(number(1...9)))
            let text = String(repeating: "x", count: Int(one([1, 1, 200_000])))
            return PortCall("append a log") { store in
                let all = try store.operations(OperationFilter())
                guard !all.isEmpty else { return }
                let id = all[Int(place) % all.count].operation.id
                let attempt = (try store.log(of: id).last?.attempt ?? 0) + further
                try store.append(LogRecord(operation: id, attempt: attempt, at: now, text: text))
            }
        }
    }

    private mutating func operation() -> Operation {
        let workspace = workspace()
        let kind = one(Operation.Kind.allCases)
        let reason =
            kind == .inspect ? one([.healthCheck, .starting]) : one(Reason.allCases.filter { $0 != .healthCheck })
        return Operation(
            id: kind == .create ? OperationID(making: workspace) : OperationID(fresh("02")), kind: kind,
            workspace: workspace, preset: preset(), provisioner: provisioner(), reason: reason,
            state: one([.pending, .pending, .running, .succeeded]), nextAttemptAt: time(), createdAt: now)
    }
}
