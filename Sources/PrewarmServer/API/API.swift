import PrewarmCore
package import PrewarmEngine
package import PrewarmTelemetry

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
    let waiting = WaitingRoom()

    var engine: Engine { currentEngine() }

    package init(
        daemon: Daemon, deliveries: WebhookReceiver, metrics: Metrics, signInCodes: SignInCodes? = nil
    ) {
        currentEngine = { daemon.engine }
        self.daemon = daemon
        self.deliveries = deliveries
        self.metrics = metrics
        self.signInCodes = signInCodes
    }

    package init(engine: Engine) {
        currentEngine = { engine }
        daemon = nil
        deliveries = nil
        metrics = nil
        signInCodes = nil
    }

    /// Returns the methods that a path accepts.
    static func methods(_ path: [String]) -> [String] {
        routes.filter { $0.match(path) != nil }.map(\.method.rawValue)
    }

    /// Returns the least role that may call the operation; viewer if there is no such operation.
    static func role(_ path: [String], _ method: String) -> Role {
        routes.first { $0.method.rawValue == method && $0.match(path) != nil }?.permission.request.needed ?? .viewer
    }

    /// Says whether an operation is canceled when its client hangs up.
    static func endsWithCaller(_ path: [String], _ method: APIRequest.Method) -> Bool {
        routes.contains { $0.endsWithCaller && $0.method == method && $0.match(path) != nil }
    }

    static let routes: [Route] =
        LookRoutes.all + PresetRoutes.all + ClaimingRoutes.all + WorkspaceRoutes.all + OperationRoutes.all
        + SourceRoutes.all
        + SyncRoutes.all + HoldRoutes.all + ReplaceRoutes.all + AdminRoutes.all + TokenRoutes.all
        + TicketRoutes.all + SignInRoutes.all + CallerRoutes.all + LeaseRoutes.all + ClaimRoutes.all

    /// Checks the permission of a route before the body of the request is read. Its handler may check more, which depends
    /// on the preset or the workspace.
    ///
    /// - Throws: ``Problem`` if there is no such route, ``AccessError`` if the caller may not use it.
    func admit(_ method: APIRequest.Method, _ path: [String], _ principal: Principal) throws {
        try Authorization.require(principal, try route(method, path).route.permission.request)
    }

    private func route(
        _ method: APIRequest.Method, _ path: [String]
    ) throws(Problem) -> (route: Route, path: [String: String]) {
        let candidates = Self.routes.compactMap { route in
            route.match(path).map { (route: route, path: $0) }
        }
        guard !candidates.isEmpty else {
            throw Problem(
                "NotFound", status: 404, "there is no path /api/v1/\(path.joined(separator: "/").prefix(200))",
                hint: "see the paths in /api/v1/openapi.json")
        }
        guard let found = candidates.first(where: { $0.route.method == method }) else {
            throw Problem.methodNotAllowed(candidates.map(\.route.method.rawValue))
        }
        return found
    }

    /// Checks and carries out a request, and writes an audit entry if it changed something.
    ///
    /// - Throws: ``Problem``, ``AccessError``, or an error of the engine.
    package func answer(_ request: APIRequest, from caller: Caller) async throws -> APIAnswer {
        let (route, path) = try route(request.method, request.path)
        try Authorization.require(caller.principal, route.permission.request)
        let call = try APICall(request, route, path: path, caller: caller)
        let answer = try await route.handle(self, call)
        if let entry = answer.audit { try await engine.store.write { try $0.append(entry) } }
        return answer
    }
}

extension Route.Permission {
    fileprivate var request: AccessRequest {
        switch self {
        case .look: .look
        case .wakeUp: .wakeUp
        case .operate: .operate
        case .administer: .administer
        case .ofObject: .role(.viewer)
        case .ofObjectForClaimers: .role(.claimer)
        case .ofObjectForOperators: .role(.operator)
        }
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
