internal import Crypto
internal import FoundationEssentials
internal import HTTPTypes
package import PrewarmCore
internal import PrewarmEngine

/// A sample push in the format of a forge, for `prewarm webhook test`.
package struct WebhookSample: Sendable {
    package let kind: WebhookKind
    package let secret: String
    /// The URL of the source.
    package let repository: String
    package let ref: WatchedSource.Ref
    package let commit: String
    /// The id of the delivery, which differs for each one.
    package let deliveryID: String

    package init(
        kind: WebhookKind, secret: String, repository: String, ref: WatchedSource.Ref, commit: String,
        deliveryID: String
    ) {
        self.kind = kind
        self.secret = secret
        self.repository = repository
        self.ref = ref
        self.commit = commit
        self.deliveryID = deliveryID
    }

    /// Returns the request, signed at `now`.
    package func request(now: Timestamp) -> WebhookRequest {
        let body = Array(payload.compactJSON.utf8)
        var fields: [(String, String)] = [("Content-Type", "application/json"), ("User-Agent", "prewarm")]
        fields += eventFields + signature(body, now: now)
        var header = HTTPFields()
        for (name, value) in fields {
            if let name = HTTPField.Name(name) { header.append(HTTPField(name: name, value: value)) }
        }
        return WebhookRequest(fields: header, body: body)
    }

    private var fullRef: String {
        switch ref {
        case .head, .commit: "refs/heads/main"
        case .branch(let name): "refs/heads/\(name)"
        case .tag(let name): "refs/tags/\(name)"
        case .semver: "refs/tags/v1.0.0"
        }
    }

    private var isTag: Bool { fullRef.hasPrefix("refs/tags/") }
    private var shortRef: String { String(fullRef.dropFirst(isTag ? "refs/tags/".count : "refs/heads/".count)) }

    private var eventFields: [(String, String)] {
        switch kind {
        case .github: [("X-GitHub-Event", "push"), ("X-GitHub-Delivery", deliveryID)]
        case .gitlab:
            [("X-Gitlab-Event", isTag ? "Tag Push Hook" : "Push Hook"), ("Idempotency-Key", deliveryID)]
        case .gitea: [("X-Gitea-Event", "push"), ("X-Gitea-Delivery", deliveryID)]
        case .bitbucket: [("X-Event-Key", "repo:push"), ("X-Request-UUID", deliveryID)]
        case .azureDevOps, .generic, .standard: []
        }
    }

    private func signature(_ body: [UInt8], now: Timestamp) -> [(String, String)] {
        let key = SymmetricKey(data: Array(secret.utf8))
        let hex = HMAC<Crypto.SHA256>.authenticationCode(for: body, using: key).hexadecimal
        switch kind {
        case .github: return [("X-Hub-Signature-256", "sha256=\(hex)")]
        case .bitbucket: return [("X-Hub-Signature", "sha256=\(hex)")]
        case .generic: return [("X-Signature", "sha256=\(hex)")]
        case .gitea: return [("X-Gitea-Signature", hex)]
        case .gitlab where !secret.hasPrefix(WebhookSignature.keyPrefix): return [("X-Gitlab-Token", secret)]
        case .gitlab, .standard:
            let key = SymmetricKey(data: WebhookSignature.key(secret) ?? Data())
            return WebhookSignature.standard(body, id: deliveryID, now: now, key)
        case .azureDevOps:
            return [("Authorization", "Basic " + Data("prewarm:\(secret)".utf8).base64EncodedString())]
        }
    }

    // MARK: Payloads

    private var payload: Value {
        let branch: Value = .string(isTag ? "main" : shortRef)
        switch kind {
        case .github, .gitea:
            return .object(known: [
                "ref": .string(fullRef), "after": .string(commit),
                "repository": .object(known: [
                    "clone_url": .string(repository), "ssh_url": .string(repository), "default_branch": branch,
                ]),
            ])
        case .gitlab:
            return .object(known: [
                "object_kind": .string(isTag ? "tag_push" : "push"), "ref": .string(fullRef),
                "after": .string(commit), "checkout_sha": .string(commit),
                "project": .object(known: [
                    "git_http_url": .string(repository), "git_ssh_url": .string(repository),
                    "default_branch": branch,
                ]),
            ])
        case .bitbucket: return bitbucket
        case .azureDevOps:
            return .object(known: [
                "id": .string(deliveryID), "eventType": "git.push",
                "resource": .object(known: [
                    "refUpdates": .array([
                        .object(known: ["name": .string(fullRef), "newObjectId": .string(commit)])
                    ]),
                    "repository": .object(known: [
                        "remoteUrl": .string(repository), "defaultBranch": .string(isTag ? "refs/heads/main" : fullRef),
                    ]),
                ]),
            ])
        case .generic, .standard:
            return .object(known: [
                "ref": .string(fullRef), "after": .string(commit), "repository": .string(repository),
            ])
        }
    }

    private var bitbucket: Value {
        let state = Value.object(known: [
            "type": .string(isTag ? "tag" : "branch"), "name": .string(shortRef),
            "target": .object(known: ["hash": .string(commit)]),
        ])
        return .object(known: [
            "push": .object(known: ["changes": .array([.object(known: ["new": state, "old": .null])])]),
            "repository": .object(known: [
                "links": .object(known: ["html": .object(known: ["href": .string(repository)])])
            ]),
        ])
    }
}
