import PrewarmCore
import PrewarmEngine

/// The operations at one path of the API, each with another method. A request looks for them once.
struct RouteChoice: Sendable {
    private let path: [String]
    private let matches: [RouteMatch]

    /// - Parameter path: The decoded parts of the path below `/api/v1`.
    init(_ path: [String]) {
        self.path = path
        matches = API.routes.compactMap { route in
            route.match(path).map { RouteMatch(route: route, parameters: $0) }
        }
    }

    /// The methods that the path accepts.
    var methods: [String] { matches.map(\.route.method.rawValue) }

    /// Returns the least role that may call the operation of a method; viewer if there is no such operation.
    func role(_ method: String) -> Role {
        matches.first { $0.route.method.rawValue == method }?.route.permission.request.needed ?? .viewer
    }

    /// Returns the operation of a method.
    func match(_ method: APIRequest.Method) throws(Problem) -> RouteMatch {
        guard !matches.isEmpty else {
            throw Problem(
                "NotFound", status: 404, "there is no path /api/v1/\(path.joined(separator: "/").prefix(200))",
                hint: "see the paths in /api/v1/openapi.json")
        }
        guard let found = matches.first(where: { $0.route.method == method }) else {
            throw Problem.methodNotAllowed(methods)
        }
        return found
    }
}

/// An operation, with the parameters that the path of a request has for it.
struct RouteMatch: Sendable {
    let route: Route
    let parameters: [String: String]

    /// True if the operation takes the parameter `limit`.
    var hasLimit: Bool { route.query.contains { $0.name == "limit" } }

    /// Checks the permission of the operation. Its handler may check more, which depends on the preset or the workspace.
    ///
    /// - Throws: ``AccessError`` if the caller may not use it.
    func admit(_ principal: Principal) throws(AccessError) {
        try Authorization.require(principal, route.permission.request)
    }
}

extension Route.Permission {
    var request: AccessRequest {
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
