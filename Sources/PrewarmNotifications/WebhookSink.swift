internal import Crypto
internal import Foundation
internal import PrewarmCore
internal import PrewarmEngine

/// A sink for CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md),
/// signed by Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
struct WebhookSink: Sink {
    private let address: SinkAddress
    private let key: SymmetricKey
    private let name: String
    /// The `source` of the events: `prewarm/<instance>`.
    private let origin: String

    init(_ settings: SinkSettings, address: SinkAddress, instance: String) throws(SinkError) {
        guard let secret = settings.secret, secret.hasPrefix("whsec_"),
            let bytes = Data(base64Encoded: String(secret.dropFirst(6))), (24...64).contains(bytes.count)
        else {
            throw SinkError(
                settings.name, "invalid secret: it must be whsec_ and 24 to 64 bytes in base64 (Standard Webhooks)",
                hint: "create a secret: echo whsec_$(openssl rand -base64 32)")
        }
        self.address = address
        key = SymmetricKey(data: bytes)
        name = settings.name
        origin = "prewarm/\(instance)"
    }

    func request(for notification: Notification, at now: Timestamp) -> OutgoingRequest? {
        guard case .message(let message) = notification.content else { return nil }
        // The id is unique for the receiver, which may get events of several prewarms and sinks.
        let id = "\(origin.replacing("/", with: "-"))-\(name)-\(notification.id)"
        let body = Array(event(message, id: id, at: notification.at).compactJSON.utf8)
        let time = "\(now.wholeSeconds)"
        let code = HMAC<Crypto.SHA256>.authenticationCode(for: Array("\(id).\(time).".utf8) + body, using: key)
        return OutgoingRequest(
            address: address,
            headers: [
                ("content-type", "application/cloudevents+json; charset=utf-8"), ("webhook-id", id),
                ("webhook-timestamp", time), ("webhook-signature", "v1,\(Data(code).base64EncodedString())"),
            ], body: body)
    }

    private func event(_ message: Message, id: String, at time: Timestamp) -> Value {
        let only = message.count == 1 ? message.items.first?.object : nil
        return .object(known: [
            "specversion": "1.0",
            "id": .string(id),
            "source": .string(origin),
            "type": .string("dev.prewarm.\(message.type.rawValue)"),
            "subject": .string(only ?? "source/\(message.source)"),
            "time": Value(time),
            "datacontenttype": "application/json",
            "data": .object(known: [
                "state": .string(message.state.rawValue),
                "source": .string(message.source),
                "revision": message.revision.map { .string($0) },
                "incident": message.incident.map { .string($0) },
                "message": .string(message.title),
                "count": .int(message.count),
                "items": .array(
                    message.items.map { item in
                        .object(known: [
                            "object": .string(item.object), "message": .string(item.text),
                            "workspace": item.claimed.map { Value($0) },
                        ])
                    }),
            ]),
        ])
    }
}

extension Value {
    /// The document of a claimed workspace.
    fileprivate init(_ claimed: ClaimedWorkspace) {
        self = .object(known: [
            "id": .string(claimed.id), "owner": .string(claimed.owner),
            "endpoint": claimed.endpoint.map { .string($0) }, "claim": claimed.claim.map { .string($0) },
        ])
    }
}
