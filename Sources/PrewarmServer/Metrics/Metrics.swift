package import PrewarmCore
package import PrewarmEngine
internal import Synchronization

/// What prewarm measures of itself: events are counted as they come, state is read when somebody asks.
package final class Metrics: Sendable {
    /// Which series there are for each preset.
    package enum PerPreset: String, CaseIterable, Sendable {
        case all
        /// Numbers that are not 0, and conditions that are not as they shall be.
        case nonzero
        /// Sums of each source alone.
        case off
    }

    package enum ClaimResult: String, CaseIterable, Sendable {
        /// Answered at once.
        case hit
        case waited
        /// None was ready: one is made for the user.
        case cold
        case empty
    }

    package enum DeliveryResult: String, CaseIterable, Sendable {
        case accepted, unmatched, unauthorized, invalid, limited
    }

    enum NotificationResult: String, CaseIterable, Sendable {
        case delivered
        /// To another attempt.
        case delayed
        case dropped
    }

    let version: String
    let perPreset: PerPreset
    private let now: @Sendable () -> Timestamp
    private let lastSuccess = Mutex<[String: Timestamp]>([:])

    private let reconciles = Counter(.reconciles)
    private let reconcileDuration = Histogram(.reconcileDuration)
    private let gitRequests = Counter(.gitRequests)
    private let gitDuration = Histogram(.gitDuration)
    private let parseCache = Counter(.parseCache)
    private let planActions = Counter(.planActions)
    private let operationDuration = Histogram(.operationDuration)
    private let claims = Counter(.claims, limit: 40_000)
    private let claimDuration = Histogram(.claimDuration)
    private let webhookDeliveries = Counter(.webhookDeliveries)
    private let commitToReady = Histogram(.commitToReady)
    private let notifications = Counter(.notifications)

    package init(version: String, perPreset: PerPreset = .nonzero, now: @escaping @Sendable () -> Timestamp) {
        self.version = version
        self.perPreset = perPreset
        self.now = now
    }

    // MARK: What happens

    /// For ``Engine/observe``.
    package func observe(_ observation: Observation) {
        switch observation {
        case .turn(let source, let result, let duration): turn(source: source, duration: duration, result: result)
        case .git(let source, let request, let isSuccess, let duration):
            gitRequests.add([source, request.rawValue, isSuccess ? "success" : "error"])
            gitDuration.observe([source, request.rawValue], duration)
        case .parsed(let known, let new):
            parseCache.add(["hit"], known)
            parseCache.add(["miss"], new)
        case .planned(let kind, let reason): planActions.add([kind.rawValue, reason.rawValue])
        case .operation(let operation, let duration):
            let result = operation.state == .pending ? "retried" : operation.state.rawValue
            operationDuration.observe([operation.kind.rawValue, operation.provisioner, result], duration)
        case .converged(let source, let duration): commitToReady.observe([source], duration)
        }
    }

    package func turn(source: String, duration: Duration, result: Observation.TurnResult) {
        reconciles.add([source, result.rawValue])
        if result != .skipped { reconcileDuration.observe([source], duration) }
        if result == .changed || result == .unchanged {
            let now = now()
            lastSuccess.withLock { $0[source] = now }
        }
    }

    /// - Parameter duration: of all of it, the wait included.
    package func claim(preset: PresetKey, result: ClaimResult, duration: Duration) {
        claims.add([preset.source, perPreset == .off ? "" : preset.name, result.rawValue])
        claimDuration.observe([], duration)
    }

    /// - Parameter kind: of the receiver, as `github`.
    package func webhook(kind: String, result: DeliveryResult) { webhookDeliveries.add([kind, result.rawValue]) }

    func notification(sink: String, result: NotificationResult) { notifications.add([sink, result.rawValue]) }

    // MARK: What is asked for

    /// All metrics, in the order of their names within state and events.
    package func render(_ engine: Engine) async throws -> [UInt8] {
        render(try await MetricsState.read(engine))
    }

    func render(_ state: MetricsState) -> [UInt8] {
        var text = PrometheusText(capacity: 16_384 + state.pools.count * (perPreset == .all ? 1_024 : 256))
        write(state, lastSuccess: lastSuccess.withLock { $0 }, to: &text)
        for counter in [reconciles, gitRequests, parseCache, planActions, claims, webhookDeliveries, notifications] {
            counter.write(to: &text)
        }
        for histogram in [reconcileDuration, gitDuration, operationDuration, claimDuration, commitToReady] {
            histogram.write(to: &text)
        }
        return text.bytes
    }

    package static var contentType: String { PrometheusText.contentType }
}
