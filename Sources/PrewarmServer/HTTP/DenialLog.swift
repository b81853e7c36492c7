internal import HummingbirdCore
internal import Logging
internal import PrewarmCore
internal import PrewarmEngine
internal import Synchronization

/// The log of denied requests. Requests that would have changed something are also written to the audit log if their caller
/// is authenticated.
///
/// The rates of both are limited. The metadata `leftOut` counts the denied requests that were not logged since the last line.
final class DenialLog: Sendable {
    private struct State {
        var lines = RateLimiter(burst: 30, perSecond: 0.5, keyLimit: 1)
        var linesByAddress = RateLimiter(burst: 10, perSecond: 0.1, keyLimit: 1000)
        var entries = RateLimiter(burst: 20, perSecond: 1.0 / 60, keyLimit: 1)
        var leftOut = 0

        /// Returns the number of denied requests that were left out since the last line, or nil if this one is left out, too.
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

    /// Logs a request that was denied with an error.
    func note(_ error: AccessError, _ context: RequestContext, now: Timestamp) {
        note(status: error.reason.status, error.message, context, now: now)
    }

    /// Logs a request that was denied with a status.
    func note(status: Int, _ reason: String, _ context: RequestContext, now: Timestamp) {
        guard let leftOut = state.withLock({ $0.admit(context.client.group, now: now) }) else { return }
        var metadata: Logger.Metadata = [
            "status": "\(status)", "reason": "\(reason)", "from": "\(context.client)",
            "method": "\(context.request.method.rawValue)", "path": "\(context.request.uri.path.forMessage)",
            "request": "\(context.id)",
        ]
        if leftOut > 0 { metadata["leftOut"] = "\(leftOut)" }
        logger.warning("a request was denied", metadata: metadata)
    }

    /// Writes an audit entry for a change that an authenticated caller was refused.
    func audit(_ error: AccessError, _ context: RequestContext, _ principal: Principal, now: Timestamp) async {
        guard context.request.method != .get, context.request.method != .head,
            state.withLock({ $0.entries.take("", now: now) }) == nil
        else { return }
        let entry = AuditEntry(
            at: now, who: principal.auditName, from: context.client.description, action: "denied", object: "request",
            name: "\(context.request.method.rawValue) \(context.request.uri.path.forMessage)", detail: error.message)
        // If the store is busy, the caller still gets the refusal, without this entry.
        try? await store().write { try $0.append(entry) }
    }
}
