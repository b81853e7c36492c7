package import HTTPTypes
internal import PrewarmCore

/// A POST request to a webhook: the header and the raw bytes of the body.
package struct WebhookRequest: Sendable {
    /// The largest accepted body in bytes. The payload of a push is much smaller, although GitHub sends up to 25 MB.
    package static let bodyLimit = 1024 * 1024

    package let fields: HTTPFields
    package let body: [UInt8]

    package init(fields: HTTPFields, body: [UInt8]) {
        self.fields = fields
        self.body = body
    }

    /// Returns the value of a field. Case does not matter. Several fields of one name are joined, which never gives a valid
    /// signature.
    func value(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { fields[$0] }
    }

    /// Returns the value of the first of these fields that is present.
    func first(_ names: String...) -> String? {
        for name in names { if let value = value(name) { return value } }
        return nil
    }

    /// True if the body is a form. GitHub's other content type puts the JSON into a form field, which is not supported.
    var isForm: Bool {
        value("Content-Type")?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true
    }
}

extension WebhookKind {
    /// Returns the name of the event in the header; nil if the forge sends it in the body or not at all.
    func event(of request: WebhookRequest) -> String? {
        switch self {
        case .github: request.value("X-GitHub-Event")
        case .gitlab: request.value("X-Gitlab-Event")
        case .gitea: request.first("X-Forgejo-Event", "X-Gitea-Event", "X-Gogs-Event")
        case .bitbucket: request.value("X-Event-Key")
        case .azureDevOps, .generic, .standard: nil
        }
    }

    /// Returns the id of the delivery in the header; nil if it has no id. The id is the same for each attempt.
    func deliveryID(of request: WebhookRequest) -> String? {
        switch self {
        case .github: request.value("X-GitHub-Delivery")
        case .gitlab: request.first("webhook-id", "Idempotency-Key", "X-Gitlab-Event-UUID")
        case .gitea: request.first("X-Forgejo-Delivery", "X-Gitea-Delivery", "X-Gogs-Delivery")
        case .bitbucket: request.first("X-Request-UUID", "X-Request-Id")
        case .standard: request.value("webhook-id")
        case .azureDevOps, .generic: nil
        }
    }
}
