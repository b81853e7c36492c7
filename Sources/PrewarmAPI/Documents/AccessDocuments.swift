package import PrewarmCore
package import PrewarmEngine

/// An API token, without its digest.
package struct TokenDocument: ObjectDocument {
    package let id: String
    package let name: String
    package let role: Choice<Role>
    package let presets: [String]
    package let priority: Int
    package let createdAt: Timestamp
    package let createdBy: String
    package let expiresAt: Timestamp?
    package let lastUsedAt: Timestamp?
    package let expired: Bool
    package let token: String?

    package enum CodingKeys: String, DocumentKey {
        case id, name, role, presets, priority, createdAt, createdBy, expiresAt, lastUsedAt, expired, token

        package var meaning: String {
            switch self {
            case .id: "The id of the token, which is no secret."
            case .name: "The user or the purpose of the token."
            case .role: "The role of the token."
            case .presets: "The patterns of the presets in its scope; empty for all presets."
            case .priority: "The highest priority of its claims, from 0 to 100."
            case .createdAt: "The time at which it was created."
            case .createdBy: "The caller that created it."
            case .expiresAt: "The time at which it expires."
            case .lastUsedAt: "The time of its last use, to the hour."
            case .expired: "True if it has expired."
            case .token: "The token itself, only in the answer that creates it."
            }
        }
    }

    /// - Parameter token: The token itself, for the caller that created it.
    package init(_ record: AccessTokenRecord, now: Timestamp, token: String? = nil) {
        id = record.id
        name = record.name
        role = Choice(record.role)
        presets = record.presets
        priority = record.priority
        createdAt = record.createdAt
        createdBy = record.createdBy
        expiresAt = record.expiresAt
        lastUsedAt = record.lastUsedAt
        expired = record.isExpired(at: now)
        self.token = token
    }
}

/// The caller of a request.
package struct CallerDocument: ObjectDocument {
    package enum Kind: String, CaseIterable, Sendable {
        case token, oidc, local
    }

    package let kind: Choice<Kind>
    package let name: String
    package let role: Choice<Role>
    package let presets: [String]
    package let priority: Int

    package enum CodingKeys: String, DocumentKey {
        case kind, name, role, presets, priority

        package var meaning: String {
            switch self {
            case .kind: "The kind of the credential."
            case .name: "The name of the caller."
            case .role: "The role of the caller."
            case .presets: "The patterns of the presets in its scope; empty for all presets."
            case .priority: "The highest priority of its claims, from 0 to 100."
            }
        }
    }

    package init(_ kind: Kind, name: String, role: Role, presets: [String], priority: Int) {
        self.kind = Choice(kind)
        self.name = name
        self.role = Choice(role)
        self.presets = presets
        self.priority = priority
    }
}

/// A code with which a browser signs in to the dashboard.
package struct SignInCodeDocument: ObjectDocument {
    package let code: String
    package let path: String
    package let expiresAt: Timestamp

    package enum CodingKeys: String, DocumentKey {
        case code, path, expiresAt

        package var meaning: String {
            switch self {
            case .code: "The code, which works once."
            case .path: "The path of the dashboard that takes it."
            case .expiresAt: "The time at which it expires."
            }
        }
    }

    package init(code: String, expiresAt: Timestamp) {
        self.code = code
        path = "/login?code=\(code)"
        self.expiresAt = expiresAt
    }
}

/// An error, in the form of RFC 9457.
package struct ProblemDocument: ObjectDocument {
    package let type: String
    package let title: String
    package let status: Int
    package let detail: String
    package let hint: String?
    package let errors: [String]?
    package let log: String?
    package let claim: String?
    package let holds: [HeldWorkspaceDocument]?

    package enum CodingKeys: String, DocumentKey {
        case type, title, status, detail, hint, errors, log, claim, holds

        package var meaning: String {
            switch self {
            case .type: "A URN with the code."
            case .title: "The code, which never changes."
            case .status: "The status of the answer."
            case .detail: "One sentence that says why the request failed."
            case .hint: "The next step."
            case .errors: "All errors of the request, if there are several."
            case .log: "The end of the provisioner's log."
            case .claim: "The claim that the next request can continue."
            case .holds: "The workspaces of an owner that holds as many as it may."
            }
        }
    }

    package init(_ problem: Problem) {
        type = "urn:prewarm:problem:\(problem.code)"
        title = problem.code
        status = problem.status
        detail = problem.message
        hint = problem.hint
        errors = problem.errors.isEmpty ? nil : problem.errors
        log = problem.log
        claim = problem.claim?.rawValue
        holds = problem.holds.isEmpty ? nil : problem.holds.map { HeldWorkspaceDocument($0) }
    }
}

extension Problem {
    /// The problem that a server sent. Line breaks and control characters of its texts are neutralized.
    package init(remote document: ProblemDocument) {
        self.init(
            document.title.printable, status: document.status, document.detail.printable,
            hint: document.hint?.printable)
        errors = (document.errors ?? []).map(\.printable)
        log = document.log?.printableLines
        claim = document.claim.map { ClaimID($0.printable) }
    }
}
