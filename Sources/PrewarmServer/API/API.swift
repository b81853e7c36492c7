import PrewarmCore
package import PrewarmEngine
package import PrewarmTelemetry
package import PrewarmWebhooks

/// The operations that callers can request, over HTTP or from a command in this process.
package struct API: Sendable {
    let currentEngine: @Sendable () -> Engine
    /// The daemon of this process; nil for a command that works on the store directly.
    let daemon: Daemon?
    let deliveries: WebhookReceiver?
    let metrics: Metrics?
    /// The codes for the dashboard; nil for a command that works on the store directly.
    let signInCodes: SignInCodes?
    let previews = PreviewLimit()
    /// The claims that wait in requests of this process.
    let waiting: WaitingRoom

    var engine: Engine { currentEngine() }

    package init(
        daemon: Daemon, deliveries: WebhookReceiver, metrics: Metrics, signInCodes: SignInCodes? = nil
    ) {
        currentEngine = { daemon.engine }
        self.daemon = daemon
        waiting = WaitingRoom(daemon.wakeUps)
        self.deliveries = deliveries
        self.metrics = metrics
        self.signInCodes = signInCodes
    }

    package init(engine: Engine) {
        currentEngine = { engine }
        daemon = nil
        waiting = WaitingRoom()
        deliveries = nil
        metrics = nil
        signInCodes = nil
    }

    static let routes: [Route] =
        LookRoutes.all + PresetRoutes.all + ClaimingRoutes.all + WorkspaceRoutes.all + OperationRoutes.all
        + SourceRoutes.all
        + SyncRoutes.all + HoldRoutes.all + ReplaceRoutes.all + AdminRoutes.all + TokenRoutes.all
        + TicketRoutes.all + SignInRoutes.all + CallerRoutes.all + LeaseRoutes.all + ClaimRoutes.all

    /// Checks and carries out a request of a command in this process.
    ///
    /// - Throws: ``Problem``, ``AccessError``, or an error of the engine.
    package func answer(_ request: APIRequest, from caller: Caller) async throws -> APIAnswer {
        try await answer(request, RouteChoice(request.path).match(request.method), from: caller)
    }

    /// Checks and carries out a request, and writes an audit entry if it changed something.
    /// - Parameter match: The operation of the request.
    func answer(_ request: APIRequest, _ match: RouteMatch, from caller: Caller) async throws -> APIAnswer {
        try match.admit(caller.principal)
        let call = try APICall(request, match.route, path: match.parameters, caller: caller)
        let answer = try await match.route.handle(self, call)
        assert(
            match.route.answers.contains { $0.status == answer.status && $0.type == type(of: answer.document) },
            "\(match.route.name) answers \(answer.status) with \(type(of: answer.document)), which it does not declare")
        if let entry = answer.audit { try await engine.store.write { try $0.append(entry) } }
        return answer
    }
}

/// A client that calls the engine in this process, without a daemon.
package struct LocalClient: APIClient {
    private let api: API
    private let caller: Caller

    package init(_ engine: Engine, user: String) {
        api = API(engine: engine)
        caller = Caller(user: user)
    }

    package func send(_ request: APIRequest) async throws -> APIAnswer {
        try await api.answer(request, from: caller)
    }
}
