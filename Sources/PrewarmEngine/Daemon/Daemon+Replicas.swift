internal import Logging
internal import PrewarmCore

/// The work that replicas share.
extension Daemon {
    /// The time between two looks for requests to pull. Hints of other replicas make it look earlier.
    private static let pullLook = Duration.seconds(1)

    /// Renews the leases on sources, and takes and releases sources. After a stop it releases all of them, and waits for its
    /// cancellation.
    func watchShares() async {
        let loop = progress.begin("shares")
        var failure: String?
        while !Task.isCancelled {
            loop.comeRound(within: .seconds(60))
            var pause = SourceShares.period
            do {
                let change = try await shares.look(engine)
                note(change)
                // A lease that expires earlier is taken at once.
                if let next = change.nextExpiry { pause = min(pause, next + .milliseconds(50)) }
                failure = nil
            } catch {
                let message = Problem(error)?.message ?? "\(error)"
                if failure != message { logger.error("cannot renew the leases", metadata: ["error": "\(message)"]) }
                failure = message
                pause = .seconds(1)
                wakeIdleLoops()
            }
            let causes = await shareSignal.wait(for: pause, on: engine.clock)
            if causes.contains(.stop) { return await leave(loop) }
        }
    }

    private func leave(_ loop: LoopProgress.Loop) async {
        do {
            try await shares.leave(engine)
        } catch {
            logger.warning(
                "cannot release the sources; other replicas take them when the leases expire",
                metadata: ["error": "\(Problem(error)?.message ?? "\(error)")"])
        }
        loop.end()
        while !Task.isCancelled { try? await engine.clock.sleep(for: .seconds(3600)) }
    }

    private func note(_ change: SourceShares.Change) {
        for source in change.takenOver { engine.observe(.tookOver(source: source)) }
        let isAlone = shares.replicaCount < 2 && change.takenOver.isEmpty
        for source in change.taken {
            logger.log(
                level: isAlone ? .debug : .info, "this replica reconciles the source from now on",
                metadata: ["source": "\(source)"])
        }
        for source in change.lost {
            logger.info("this replica no longer reconciles the source", metadata: ["source": "\(source)"])
        }
        guard !change.taken.isEmpty || !change.lost.isEmpty else { return wakeIdleLoops() }
        for loop in loops where change.taken.contains(loop.name) || change.lost.contains(loop.name) {
            loop.signal.send(.replan)
        }
        wakeIdleLoops()
    }

    /// Wakes the loops that have to note another holder of their source.
    private func wakeIdleLoops() {
        for loop in loops where shares.fence(of: loop.name, engine) == nil {
            if shares.other(holding: loop.name) != loop.record.value.other { loop.signal.send(.replan) }
        }
    }

    /// Wakes the loops of sources that someone asked to pull.
    func watchPulls() async {
        let loop = progress.begin("pulls")
        while !Task.isCancelled {
            loop.comeRound(within: .seconds(60))
            if let pulls = try? await engine.store.read({ try $0.pulls() }) {
                for pull in pulls.values { note(pull) }
            }
            _ = await pullSignal.wait(for: Self.pullLook, on: engine.clock)
        }
    }

    private func note(_ pull: PullRecord) {
        guard pull.asked > pull.begun, let loop = loops.first(where: { $0.name == pull.source }),
            shares.fence(of: pull.source, engine) != nil, loop.record.value.asked < pull.asked
        else { return }
        loop.record.update { state in
            state.asked = pull.asked
            if let commit = pull.announced { state.announced = commit }
        }
        loop.signal.send(pull.isPushed ? [.pull, .pushed] : .pull)
    }

    /// Wakes what a hint of another replica is about.
    func watchHints() async {
        guard let hints = engine.store.hints() else { return await waitForEnd() }
        for await hint in hints {
            switch hint {
            case .changed(let source):
                wakeWorkers()
                if let source {
                    replan(source: source)
                } else {
                    // If there is a new event, the feed wakes the loops.
                    changes.look()
                    wakeUps.send()
                }
            case .pull: pullSignal.send(.pull)
            case .shares: shareSignal.send(.replan)
            case .unknown:
                replan()
                pullSignal.send(.pull)
                shareSignal.send(.replan)
            }
        }
        await waitForEnd()
    }

    private func waitForEnd() async {
        while !Task.isCancelled { try? await engine.clock.sleep(for: .seconds(3600)) }
    }
}
