package import HTTPTypes
internal import PrewarmCore

/// What a forge posted: its header and the bytes of its body, unread.
package struct WebhookRequest: Sendable {
    /// In bytes: a push is small. GitHub would send up to 25 MB, and Bitbucket leaves out what is above 256 KB.
    package static let bodyLimit = 1024 * 1024

    package let fields: HTTPFields
    package let body: [UInt8]

    package init(fields: HTTPFields, body: [UInt8]) {
        self.fields = fields
        self.body = body
    }

    /// The value of a field, whatever the case of its name; several of one name are joined, which is no signature.
    func value(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { fields[$0] }
    }

    /// The first of these fields that is there.
    func first(_ names: String...) -> String? {
        for name in names { if let value = value(name) { return value } }
        return nil
    }

    /// GitHub's other content type puts the JSON into a form field: the signature is good, and nothing can be read.
    var isForm: Bool {
        value("Content-Type")?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true
    }
}

extension WebhookKind {
    /// What the forge says that it is about; nil where it says it in the body or not at all.
    func event(of request: WebhookRequest) -> String? {
        switch self {
        case .github: request.value("X-GitHub-Event")
        case .gitlab: request.value("X-Gitlab-Event")
        case .gitea: request.first("X-Forgejo-Event", "X-Gitea-Event", "X-Gogs-Event")
        case .bitbucket: request.value("X-Event-Key")
        case .azureDevOps, .generic, .standard: nil
        }
    }

    /// The same for each attempt to deliver one event; nil where the forge has none in the header.
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
