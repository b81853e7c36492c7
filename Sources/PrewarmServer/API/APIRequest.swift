package import PrewarmEngine

/// One call of the API, however it came: over HTTP, or from a command that works on the store directly.
package struct APIRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    package var method: Method
    /// Below `/api/v1`, decoded: `["presets", "go-large"]`.
    package var path: [String]
    package var query: [String: String]
    package var body: Value?
    package var idempotencyKey: String?

    package init(
        _ method: Method, _ path: [String], query: [String: String?] = [:], body: Value? = nil,
        idempotencyKey: String? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query.compactMapValues { $0 }
        self.body = body
        self.idempotencyKey = idempotencyKey
    }
}

package struct APIAnswer: Sendable {
    package var status: Int
    package var value: Value
    /// Where the next part of a list is; nil: this is all.
    package var nextCursor: String?
    /// Of what was made.
    package var location: String?

    package init(_ value: Value, status: Int = 200, nextCursor: String? = nil, location: String? = nil) {
        self.status = status
        self.value = value
        self.nextCursor = nextCursor
        self.location = location
    }
}

/// Whoever can be asked: the engine in this process, or a daemon.
package protocol APIClient: Sendable {
    /// - Throws: ``Problem``
    func send(_ request: APIRequest) async throws -> APIAnswer
}
