import PrewarmCore
import PrewarmEngine

extension PortCalls {
    mutating func ofSources() -> PortCall {
        let (source, now, time) = (source(), now, time())
        switch number(0...13) {
        case 0:
            var record = SourceRecord(name: source, url: "u", quietUntil: maybe(time), files: Int(number(0...9)))
            record.applied = maybe(.sample("a"))
            return PortCall("save source \(source)") { [record] in try $0.save(record) }
        case 1: return PortCall("mark \(source) dirty") { try $0.markDirty(source: source) }
        case 2:
            guard chance(20) else { return ofPresets() }
            return PortCall("forget source \(source)") { try $0.forget(source: source) }
        case 3:
            let lease = Lease(holder: "h", fence: number(0...9), until: time)
            return PortCall("save lease of \(source)") { try $0.save(lease, ofSource: source) }
        case 4:
            let templates = ["t1", "t2", "t3"].filter { _ in chance(50) }.map { Template.sample($0) }
            return PortCall("replace templates of \(source)") { try $0.replaceTemplates(templates, source: source) }
        case 5:
            let found = [Diagnostic(file: "b.yaml", "x"), Diagnostic(file: "a.yaml", "y")].filter { _ in chance(50) }
            return PortCall("replace diagnostics of \(source)") { try $0.replaceDiagnostics(found, source: source) }
        case 6:
            let record = RevisionRecord(
                source: source, revision: .sample(one(Array("abcdef"))), appliedAt: time, author: maybe("Ada"),
                created: Int(number(0...3)), deleted: 0, cancelled: 0)
            return PortCall("insert revision of \(source)") { try $0.insert(record) }
        case 7:
            let record = RevisionRecord(
                source: source, revision: .sample("0"), appliedAt: now, created: Int(number(4...9)), deleted: 1,
                cancelled: 2, convergedAt: time)
            return PortCall("update newest revision of \(source)") { try $0.updateNewest(record) }
        case 8:
            var record = GuardRecord()
            record.heldAmong = Int(number(0...9))
            return PortCall("save guard of \(source)") { [record] in try $0.save(record, ofSource: source) }
        case 9:
            let pin = Pin(source: source, commit: "c", reason: maybe("r"), by: "op", since: now, until: maybe(time))
            return PortCall("pin \(source)") { try $0.save(pin) }
        case 10: return PortCall("unpin \(source)") { try $0.forgetPin(ofSource: source) }
        case 11:
            let scope = scope()
            return PortCall("resume \(scope)") { try $0.forget(scope) }
        case 12:
            let suspension = Suspension(scope: scope(), reason: nil, by: "op", since: now, until: maybe(time))
            return PortCall("suspend \(suspension.scope)") { try $0.save(suspension) }
        default:
            let hold = StoreHold(one([.restored, .fresh]), "m", since: now)
            if chance(30) { return PortCall("hold the store") { try $0.setHold(hold) } }
            let newest = maybe(workspace())
            return PortCall("end hold") { try $0.endHold(newest: newest) }
        }
    }

    private mutating func scope() -> Suspension.Scope {
        one([.all, .source(source()), .preset(preset()), .preset(preset())])
    }

    mutating func ofPresets() -> PortCall {
        let (key, time) = (preset(), time())
        switch number(0...9) {
        case 0, 1, 2:
            var presets = Set([key, preset()]).sorted().map {
                Preset.sample(
                    $0, instances: Int(number(0...5)), health: maybe(Health(interval: .seconds(number(1...9)))))
            }
            for index in presets.indices {
                let replaced = Deprecation(message: "no", replacement: maybe("go"))
                if chance(20) { presets[index].retirement = .deprecated(replaced) }
            }
            return PortCall("save presets \(presets.map(\.key))") { [presets] in try $0.save(presets) }
        case 3: return PortCall("forget \(key)") { try $0.forget([key]) }
        case 4, 5:
            let standings = Self.presets.filter { _ in chance(60) }.map {
                PoolStanding(preset: $0, isSettled: chance(80), isUnfinished: chance(50), nextChange: maybe(time))
            }
            return PortCall("save standings \(standings.map(\.preset))") { try $0.save(standings) }
        case 6:
            let failure = maybe(
                FailureRecord(
                    preset: key, fingerprint: WorkspaceSpec.sample(version()).fingerprint, count: Int(number(1...5)),
                    failedAt: now, retryAt: time, message: "m"))
            return PortCall("set failure of \(key) to \(failure?.count ?? 0)") { try $0.setFailure(failure, of: key) }
        case 7:
            let failures = maybe(HandoverFailures(preset: key, count: 2, failedAt: time, message: "m"))
            return PortCall("set handover failures of \(key)") { try $0.setHandoverFailures(failures, of: key) }
        case 8:
            let condition = Condition(.ready, .no, storedReason: "R", message: "\(number(0...9))", since: maybe(time))
            return PortCall("save conditions of \(key)") { try $0.save([key: [condition]]) }
        default:
            let (seconds, source) = (number(1...99), source())
            if chance(30) { return PortCall("unsettle \(source)") { try $0.unsettle(source: source) } }
            return PortCall("set build time of \(key)") { try $0.setBuildTime(.seconds(seconds), of: key) }
        }
    }
}
