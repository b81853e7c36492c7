internal import Hummingbird
internal import Logging
internal import PrewarmCore
internal import PrewarmEngine
internal import Synchronization

/// Says which requests were denied: in the log, and in the audit log where a known caller wanted to change something.
/// Both are bounded, however many there are; how many were left out is said with the next one.
final class DenialLog: Sendable {
    private struct State {
        var lines = RateLimiter(burst: 30, perSecond: 0.5, keyLimit: 1)
        var linesByAddress = RateLimiter(burst: 10, perSecond: 0.1, keyLimit: 1000)
        var entries = RateLimiter(burst: 20, perSecond: 1.0 / 60, keyLimit: 1)
        var leftOut = 0

        /// Returns how many were left out since the last one; nil where this one is left out, too.
        mutating func admit(_ group: String, now: Timestamp) -> Int? {
            guard linesByAddress.take(group, now: now) == nil, lines.take("", now: now) == nil else {
                leftOut += 1
                return nil
            }
            defer { leftOut = 0 }
            return leftOut
        }
    }

    private let state = Mutex(State())
    private let store: @Sendable () -> any Store
    private let logger: Logger

    init(store: @escaping @Sendable () -> any Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    func note(_ error: AccessError, _ visit: Visit, now: Timestamp) {
        note(status: error.reason.status, error.message, visit, now: now)
    }

    func note(status: Int, _ reason: String, _ visit: Visit, now: Timestamp) {
        guard let leftOut = state.withLock({ $0.admit(visit.client.group, now: now) }) else { return }
        var metadata: Logger.Metadata = [
            "status": "\(status)", "reason": "\(reason)", "from": "\(visit.client)",
            "method": "\(visit.request.method.rawValue)", "path": "\(visit.request.uri.path.forMessage)",
            "request": "\(visit.id)",
        ]
        if leftOut > 0 { metadata["leftOut"] = "\(leftOut)" }
        logger.warning("a request was denied", metadata: metadata)
    }

    /// Writes down that a caller who was let in was refused a change.
    func audit(_ error: AccessError, _ visit: Visit, _ principal: Principal, now: Timestamp) async {
        guard visit.request.method != .get, visit.request.method != .head,
            state.withLock({ $0.entries.take("", now: now) }) == nil
        else { return }
        let entry = AuditEntry(
            at: now, who: principal.auditName, from: visit.client.description, action: "denied", object: "request",
            name: "\(visit.request.method.rawValue) \(visit.request.uri.path.forMessage)", detail: error.message)
        // A store that is busy is no reason to answer anything else.
        try? await store().write { try $0.append(entry) }
    }
}
