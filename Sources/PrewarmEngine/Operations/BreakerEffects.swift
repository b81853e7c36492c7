import PrewarmCore

/// The effects of circuit breakers on the store.
extension Engine {
    func carryOut(
        _ effect: BreakerMachine.Effect, of breaker: Breaker, at now: Timestamp, in store: any StoreWriter
    ) throws {
        switch effect {
        case .takeBack(let failures): try takeBack(failures, in: store)
        case .opened: try announce(breaker, at: now, in: store)
        case .closed:
            try store.makeDue(provisioner: breaker.provisioner, at: now)
            try announce(breaker, at: now, in: store)
        }
    }

    /// Restores the failures of each preset as they were before the first of these builds failed.
    private func takeBack(_ failures: [BreakerFailure], in store: any StoreWriter) throws {
        var seen: Set<PresetKey> = []
        for failure in failures where seen.insert(failure.preset).inserted {
            guard try store.failure(of: failure.preset)?.fingerprint == failure.fingerprint else { continue }
            try store.setFailure(failure.before, of: failure.preset)
        }
    }

    /// Records an event for each source with presets of the provisioner, and makes their conditions be written again.
    private func announce(_ breaker: Breaker, at now: Timestamp, in store: any StoreWriter) throws {
        let concerned = Set(
            try store.presets(source: nil).lazy.filter { $0.spec.provisioner == breaker.provisioner }.map(\.key.source))
        let sources: [String?] = concerned.isEmpty ? [nil] : concerned.sorted()
        try store.append(sources.map { Event(breaker, source: $0, at: now) })
        for source in concerned {
            try store.unsettle(source: source)
            try store.markDirty(source: source)
        }
    }
}

extension Event {
    fileprivate init(_ breaker: Breaker, source: String?, at now: Timestamp) {
        let name = breaker.provisioner
        if let outage = breaker.outage {
            let sentence = "creates of the provisioner \(name) wait until one of them works"
            self.init(
                at: now, kind: .warning, reason: .provisionerUnavailable, object: "provisioner", name: name,
                source: source, message: "\(sentence); \(Operation.withheldError)",
                detail: "\(outage.cause); \(sentence)")
        } else {
            self.init(
                at: now, reason: .provisionerAvailable, object: "provisioner", name: name, source: source,
                message: "a build of the provisioner \(name) worked, so its creates start again")
        }
    }
}
