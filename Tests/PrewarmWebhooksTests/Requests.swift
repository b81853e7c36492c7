import Crypto
import Foundation
import HTTPTypes
import PrewarmCore

@testable import PrewarmWebhooks

extension WebhookRequest {
    init(_ fields: KeyValuePairs<String, String>, _ body: String) {
        self.init(fields, Array(body.utf8))
    }

    init(_ fields: KeyValuePairs<String, String>, _ body: [UInt8]) {
        var header = HTTPFields()
        for (name, value) in fields {
            guard let name = HTTPField.Name(name) else { continue }
            header.append(HTTPField(name: name, value: value))
        }
        self.init(fields: header, body: body)
    }
}

extension WebhookReceiver {
    /// Returns the verdict on a request with its body, as the HTTP server does.
    func receive(
        _ request: WebhookRequest, at name: String, from address: ClientAddress, now: Timestamp
    ) -> WebhookVerdict {
        switch admit(request.fields, length: request.body.count, at: name, from: address, now: now) {
        case .refused(let verdict): verdict
        case .admitted(let endpoint, _): judge(request, at: endpoint, from: address, now: now)
        }
    }
}

/// Returns a push of GitHub with a good signature.
func githubPush(_ body: String, secret: String = Secrets.text, event: String = "push", id: String = "d1")
    -> WebhookRequest
{
    WebhookRequest(
        [
            "Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": id,
            "X-Hub-Signature-256": "sha256=" + hexHMAC(body, secret),
        ], body)
}

func hexHMAC(_ body: String, _ secret: String) -> String {
    HMAC<Crypto.SHA256>.authenticationCode(for: Data(body.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        .map { String(format: "%02x", $0) }.joined()
}

enum Secrets {
    static let text = "It's a Secret to Everybody"
    static let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// Returns a secret that is valid for the kind.
    static func secret(_ kind: WebhookKind) -> String { kind == .standard ? key : text }
}
