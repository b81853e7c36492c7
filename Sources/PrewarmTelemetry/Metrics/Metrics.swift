package import PrewarmCore
package import PrewarmEngine
internal import Synchronization

/// The metrics of this process. Events are counted when they happen. State is read from the store at each scrape.
package final class Metrics: Sendable {
    /// The series that are written for each preset.
    package enum PerPreset: String, CaseIterable, Sendable {
        case all
        /// Numbers other than 0, and abnormal conditions.
        case nonzero
        /// One sum for each source instead of series for each preset.
        case off
    }

    /// The label `result` of a claim.
    package enum ClaimResult: String, CaseIterable, Sendable {
        /// The claim got a workspace at once.
        case hit
        /// The claim got a workspace after a wait.
        case waited
        /// No workspace was ready, so prewarm creates one for the claim.
        case cold
        /// The claim got no workspace.
        case empty
        /// The claim got no workspace, because the handovers failed.
        case failed
        /// The claim was refused, because its owner holds as many workspaces as it may.
        case limited
    }

    /// The label `result` of a request to a webhook endpoint, see ``WebhookVerdict/Outcome/result``.
    package enum DeliveryResult: String, CaseIterable, Sendable {
        case accepted, unmatched, unauthorized, invalid, limited
    }

    /// The label `result` of an attempt to send a notification.
    package enum NotificationResult: String, CaseIterable, Sendable {
        case delivered
        /// The attempt failed, and prewarm tries again later.
        case delayed
        /// The receiver refused the notification, or it was too old.
        case dropped
    }

    let version: String
    let perPreset: PerPreset
    private let now: @Sendable () -> Timestamp
    private let lastSuccess = Mutex<[String: Timestamp]>([:])
    private let lastPools = Mutex<Pools?>(nil)

    private let reconciles = Counter(.reconciles)
    private let reconcileDuration = Histogram(.reconcileDuration)
    private let gitRequests = Counter(.gitRequests)
    private let gitDuration = Histogram(.gitDuration)
    private let parseCache = Counter(.parseCache)
    private let planActions = Counter(.planActions)
    private let operationDuration = Histogram(.operationDuration)
    private let claims = Counter(.claims, limit: 40_000)
    private let claimDuration = Histogram(.claimDuration)
    private let claimUsable = Histogram(.claimUsable)
    private let handovers = Counter(.handovers, limit: 40_000)
    private let claimEnds = Counter(.claimEnds, limit: 40_000)
    private let webhookDeliveries = Counter(.webhookDeliveries)
    private let commitToReady = Histogram(.commitToReady)
    private let notifications = Counter(.notifications)
    private let takeovers = Counter(.takeovers)

    package init(version: String, perPreset: PerPreset = .nonzero, now: @escaping @Sendable () -> Timestamp) {
        self.version = version
        self.perPreset = perPreset
        self.now = now
    }

    // MARK: Events

    /// Counts one observation of the engine. It is passed to the engine as its `observe` closure.
    package func observe(_ observation: Observation) {
        switch observation {
        case .reconciled(let source, let result, let duration):
            reconciliation(source: source, duration: duration, result: result)
        case .succeeded(let source): succeeded(source: source)
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
        case .tookOver(let source): takeovers.add([source])
        case .converged(let source, let duration): commitToReady.observe([source], duration)
        case .handover(let preset, let word):
            handovers.add([preset.source, perPreset == .off ? "" : preset.name, word.rawValue])
        case .usable(let preset, let duration):
            claimUsable.observe([preset.source, perPreset == .off ? "" : preset.name], duration)
        case .claimEnded(let preset, let reason):
            claimEnds.add([preset.source, perPreset == .off ? "" : preset.name, reason.rawValue])
        }
    }

    /// Counts one reconciliation.
    package func reconciliation(source: String, duration: Duration, result: Observation.ReconcileResult) {
        reconciles.add([source, result.rawValue])
        if result != .skipped { reconcileDuration.observe([source], duration) }
    }

    /// Sets the time of the last reconciliation that read the source without an error.
    private func succeeded(source: String) {
        let now = now()
        lastSuccess.withLock { $0[source] = now }
    }

    /// Counts one claim.
    /// - Parameter duration: The duration of the whole claim, including its wait.
    package func claim(preset: PresetKey, result: ClaimResult, duration: Duration) {
        claims.add([preset.source, perPreset == .off ? "" : preset.name, result.rawValue])
        claimDuration.observe([], duration)
    }

    /// Counts one request to a webhook endpoint.
    /// - Parameter kind: The kind of the endpoint, for example `github`.
    package func webhook(kind: String, result: DeliveryResult) { webhookDeliveries.add([kind, result.rawValue]) }

    /// Writes zeros for a sink, so that `increase()` in Prometheus sees the first dropped notification.
    package func register(sink: String) {
        for result in NotificationResult.allCases { notifications.add([sink, result.rawValue], 0) }
    }

    /// Counts one attempt to send a notification.
    package func notification(sink: String, result: NotificationResult) { notifications.add([sink, result.rawValue]) }

    // MARK: Scrapes

    /// Returns all metrics in Prometheus' text format. The text of the pools is reused as long as no pool can have changed.
    package func render(_ engine: Engine) async throws -> [UInt8] {
        let stamp = try await PoolStamp.read(engine)
        if let stamp, let known = lastPools.withLock({ $0?.stamp == stamp ? $0 : nil }) {
            return render(try await MetricsState.read(engine), pools: known.text, held: known.held)
        }
        let pools = try await PoolMetrics.read(engine)
        let known = Pools(stamp: stamp, text: pools.text(perPreset), held: pools.held)
        lastPools.withLock { $0 = stamp == nil ? nil : known }
        return render(try await MetricsState.read(engine), pools: known.text, held: known.held)
    }

    private struct Pools: Sendable {
        let stamp: PoolStamp?
        let text: [UInt8]
        let held: [String: Int]
    }

    func render(_ state: MetricsState, pools: [UInt8], held: [String: Int]) -> [UInt8] {
        var text = PrometheusText(capacity: 65_536 + pools.count)
        state.write(version: version, held: held, lastSuccess: lastSuccess.withLock { $0 }, to: &text)
        text.append(pools)
        for counter in [
            reconciles, gitRequests, parseCache, planActions, claims, handovers, claimEnds, webhookDeliveries,
            notifications, takeovers,
        ] {
            counter.write(to: &text)
        }
        for histogram in [reconcileDuration, gitDuration, operationDuration, claimDuration, claimUsable, commitToReady]
        {
            histogram.write(to: &text)
        }
        return text.bytes
    }

    package static var contentType: String { PrometheusText.contentType }
}
