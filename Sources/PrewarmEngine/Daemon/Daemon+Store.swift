internal import Logging
internal import PrewarmCore

/// Watching the store.
extension Daemon {
    private static let lookInterval = Duration.seconds(5)
    private static let damageInterval = Duration.seconds(6 * 3600)

    /// Logs when a hold of the store begins or ends, and when the store cannot be used. Looks for damage at the start and
    /// every six hours.
    func watchStore() async {
        var (hold, failure): (StoreHold?, String?) = (nil, nil)
        var nextSearch = engine.clock.instant()
        while !Task.isCancelled {
            do {
                let found = try await engine.store.read { try $0.identity().hold }
                note(found, after: hold)
                hold = found
                let now = engine.clock.instant()
                if now >= nextSearch {
                    nextSearch = now + Self.damageInterval
                    noteDamage(try await engine.store.findDamage(isThorough: false))
                }
                failure = nil
            } catch {
                let problem = Problem(error)
                let message = problem?.message ?? "\(error)"
                if failure != message, !Task.isCancelled {
                    logger.error(
                        "cannot use the store", metadata: ["error": "\(message)", "hint": "\(problem?.hint ?? "")"])
                }
                failure = message
            }
            try? await engine.clock.sleep(for: Self.lookInterval)
        }
    }

    private func note(_ hold: StoreHold?, after earlier: StoreHold?) {
        guard hold != earlier else { return }
        guard let hold else { return logger.notice("the hold of the store has ended") }
        let metadata: Logger.Metadata = ["reason": "\(hold.sentence)", "hint": "\(hold.hint)"]
        logger.log(level: hold.reason.isOfClaims ? .error : .warning, "the store is on hold", metadata: metadata)
    }

    private func noteDamage(_ damage: [String]) {
        guard let first = damage.first else { return }
        logger.error(
            "the store is damaged",
            metadata: ["error": "\(first.printable)", "findings": "\(damage.count)", "hint": "run `prewarm doctor`"])
    }
}
