package import PrewarmAPI
package import PrewarmEngine

/// A call of the API, over HTTP or from a command that works on the store directly.
package struct APIRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    package var method: Method
    /// The decoded parts of the path below `/api/v1`, for example `["presets", "go-large"]`.
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

/// The answer to a call that succeeded.
package struct APIAnswer: Sendable {
    package var status: Int
    /// The document. The answer of another process is a ``Value``.
    package let document: any Document
    /// The cursor of the next page of a list; nil on the last page.
    package var nextCursor: String?
    /// The path of the object that was created, for the header `Location`.
    package var location: String?
    /// The number of bytes of the answer; 0 if it did not come over the network.
    package var size: Int
    /// The entry to write to the audit log; nil if nothing was changed, or if the entry is written already.
    var audit: AuditEntry?
    /// True if the answer may have credentials, which no cache may keep.
    package private(set) var isSecret = false

    package init(
        _ document: some Document, status: Int = 200, nextCursor: String? = nil, location: String? = nil, size: Int = 0
    ) {
        self.size = size
        self.status = status
        self.document = document
        self.nextCursor = nextCursor
        self.location = location
    }

    /// Returns the document as a type.
    /// - Throws: ``Problem`` if the answer is of another process that sent something else.
    package func decoded<Answer: Decodable>(as type: Answer.Type = Answer.self) throws(Problem) -> Answer {
        if let document = document as? Answer { return document }
        do {
            return try ValueDecoder.decode(type, from: document.tree)
        } catch {
            let place = (error as? DecodingError)?.place ?? "\(error)"
            throw Problem(
                "BadAnswer", status: 502, "cannot use the answer of the daemon: \(place)",
                hint: "use the version of prewarm that the daemon has")
        }
    }
}

extension APIAnswer {
    /// The answer, marked as one that may have credentials.
    var secret: APIAnswer {
        var answer = self
        answer.isSecret = true
        return answer
    }

    /// Returns the answer with an entry for the audit log.
    func audited(_ entry: AuditEntry) -> APIAnswer {
        var answer = self
        answer.audit = entry
        return answer
    }
}

/// A client of the API: of the engine in this process, or of a daemon.
package protocol APIClient: Sendable {
    /// Sends a request and returns the answer.
    ///
    /// - Throws: ``Problem``
    func send(_ request: APIRequest) async throws -> APIAnswer
}
