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
    /// What was changed, for the audit log.
    var audit: AuditEntry?

    package init(
        _ value: Value, status: Int = 200, nextCursor: String? = nil, location: String? = nil
    ) {
        self.status = status
        self.value = value
        self.nextCursor = nextCursor
        self.location = location
    }
}

extension APIAnswer {
    func audited(_ entry: AuditEntry) -> APIAnswer {
        var answer = self
        answer.audit = entry
        return answer
    }
}

/// Whoever can be asked: the engine in this process, or a daemon.
package protocol APIClient: Sendable {
    /// - Throws: ``Problem``
    func send(_ request: APIRequest) async throws -> APIAnswer
}

extension String {
    /// All but RFC 3986's unreserved characters.
    package var percentEncoded: String {
        var text = ""
        for byte in utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }
}
