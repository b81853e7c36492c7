import ClockSupport
import Foundation
import PrewarmCore
import Testing

@testable import PrewarmWebhooks

@Suite("Signatures of webhooks")
struct WebhookSignatureTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let kind: WebhookKind
        var secrets = [Secrets.text]
        let fields: KeyValuePairs<String, String>
        var body = "Hello, World!"
        var now = Timestamp(seconds: 1_614_265_330)
        let expected: WebhookSignature.Finding

        init(
            _ description: String, _ kind: WebhookKind, secrets: [String] = [Secrets.text],
            _ fields: KeyValuePairs<String, String>, body: String = "Hello, World!", late seconds: Int64 = 0,
            _ expected: WebhookSignature.Finding
        ) {
            testDescription = description
            self.kind = kind
            self.secrets = secrets
            self.fields = fields
            self.body = body
            now = Timestamp(seconds: 1_614_265_330 + seconds)
            self.expected = expected
        }
    }

    // The signature of "Hello, World!" in GitHub's documentation.
    private static let hello = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    // The signature of "Hello World!" in Bitbucket's documentation.
    private static let helloWithoutComma = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    // RFC 4231, test case 2.
    private static let jefe256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    private static let jefe512 =
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
        + "caeab1a34d4a6b4b636e070a38bce737"
    private static let jefeBody = "what do ya want for nothing?"
    // The test vector of the libraries of Standard Webhooks.
    private static let standardBody = "{\"test\": 2432232314}"
    private static let standardCode = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    private static let standardFields: KeyValuePairs = [
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
        "webhook-signature": standardCode,
    ]

    static let documented: [Case] = [
        Case("GitHub's vector", .github, ["X-Hub-Signature-256": "sha256=\(hello)"], .good),
        Case("GitHub: a field name in another case", .github, ["x-hub-signature-256": "sha256=\(hello)"], .good),
        Case(
            "Bitbucket's vector", .bitbucket, ["X-Hub-Signature": "sha256=\(helloWithoutComma)"],
            body: "Hello World!", .good),
        Case("Gitea: digits alone", .gitea, ["X-Gitea-Signature": hello], .good),
        Case("Gogs: digits alone", .gitea, ["X-Gogs-Signature": hello], .good),
        Case(
            "Forgejo, with the older names", .gitea,
            ["X-Forgejo-Signature": hello, "X-Gitea-Signature": hello, "X-Gogs-Signature": hello], .good),
        Case(
            "RFC 4231 by SHA-256", .generic, secrets: ["Jefe"], ["X-Signature": "sha256=\(jefe256)"],
            body: jefeBody, .good),
        Case(
            "RFC 4231 by SHA-512", .generic, secrets: ["Jefe"], ["X-Signature": "sha512=\(jefe512)"],
            body: jefeBody, .good),
        Case("GitLab's token", .gitlab, ["X-Gitlab-Token": Secrets.text], .good),
        Case(
            "GitLab's signature", .gitlab, secrets: [Secrets.key], standardFields, body: standardBody, .good),
        Case(
            "Standard Webhooks' vector", .standard, secrets: [Secrets.key], standardFields, body: standardBody, .good),
        Case(
            "Standard Webhooks: a key without its prefix", .standard, secrets: ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            standardFields,
            body: standardBody, .good),
        Case(
            "Standard Webhooks: a key without its padding", .standard, secrets: ["whsec_c2VjcmV0IGtleQ"],
            [
                "webhook-id": "a", "webhook-timestamp": "1614265330",
                "webhook-signature": "v1,+gkHjprln2WnuvP+jqUlpjbql3mNi+noxOOakjQUZxk=",
            ], body: "{}", .good),
        Case(
            "Standard Webhooks: one good signature among others", .standard, secrets: [Secrets.key],
            [
                "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
                "webhook-signature": "v1,bm8= v1a,AAAA \(standardCode)",
            ], body: standardBody, .good),
        Case(
            "Azure: any user's name with the password", .azureDevOps,
            ["Authorization": "Basic " + Data("ada:\(Secrets.text)".utf8).base64EncodedString()], .good),
        Case(
            "Azure: a password with a colon", .azureDevOps, secrets: ["a:b:secret"],
            ["Authorization": "basic " + Data(":a:b:secret".utf8).base64EncodedString()], .good),
    ]

    static let forged: [Case] = [
        Case("GitHub: no signature", .github, [:], .missing),
        Case("GitHub: its old SHA-1 only", .github, ["X-Hub-Signature": "sha1=\(hello.prefix(40))"], .missing),
        Case("GitHub: SHA-1 in the new field", .github, ["X-Hub-Signature-256": "sha1=\(hello.prefix(40))"], .wrong),
        Case("GitHub: without its prefix", .github, ["X-Hub-Signature-256": hello], .wrong),
        Case("GitHub: cut short", .github, ["X-Hub-Signature-256": "sha256=\(hello.dropLast(2))"], .wrong),
        Case("GitHub: empty", .github, ["X-Hub-Signature-256": "sha256="], .wrong),
        Case(
            "GitHub: letters that are no hexadecimal digits", .github,
            ["X-Hub-Signature-256": "sha256=\(hello.replacing("7", with: "g"))"], .wrong),
        Case(
            "GitHub: another body", .github, ["X-Hub-Signature-256": "sha256=\(hello)"], body: "Hello, World?", .wrong),
        Case(
            "GitHub: another secret", .github, secrets: ["not it, not it"], ["X-Hub-Signature-256": "sha256=\(hello)"],
            .wrong),
        Case(
            "GitHub: given twice", .github,
            ["X-Hub-Signature-256": "sha256=\(hello)", "x-hub-signature-256": "sha256=\(hello)"], .wrong),
        Case("Bitbucket: GitHub's field", .bitbucket, ["X-Hub-Signature-256": "sha256=\(hello)"], .missing),
        Case("Gitea: GitHub's field", .gitea, ["X-Hub-Signature-256": "sha256=\(hello)"], .missing),
        Case("Gitea: with a prefix", .gitea, ["X-Gitea-Signature": "sha256=\(hello)"], .wrong),
        Case(
            "Forgejo: its own field is wrong and older ones are good", .gitea,
            ["X-Forgejo-Signature": helloWithoutComma, "X-Gitea-Signature": hello, "X-Gogs-Signature": hello], .wrong),
        Case("generic: SHA-1", .generic, ["X-Signature": "sha1=\(hello.prefix(40))"], .wrong),
        Case("generic: SHA-256 in a field for SHA-512", .generic, ["X-Signature": "sha512=\(hello)"], .wrong),
        Case("GitLab: no signature", .gitlab, [:], .missing),
        Case("GitLab: another token", .gitlab, ["X-Gitlab-Token": "not it, not it"], .wrong),
        Case("GitLab: the beginning of the token", .gitlab, ["X-Gitlab-Token": "It's a Secret"], .wrong),
        Case(
            "GitLab: the signing key sent as a token", .gitlab, secrets: [Secrets.key],
            ["X-Gitlab-Token": Secrets.key], .wrong),
        Case(
            "GitLab: a bad signature with a good token", .gitlab, secrets: [Secrets.key, Secrets.text],
            [
                "webhook-id": "a", "webhook-timestamp": "1614265330", "webhook-signature": standardCode,
                "X-Gitlab-Token": Secrets.text,
            ], body: standardBody, .wrong),
        Case(
            "standard: no id", .standard, secrets: [Secrets.key],
            ["webhook-timestamp": "1614265330", "webhook-signature": standardCode], .missing),
        Case(
            "standard: another id than the signed one", .standard, secrets: [Secrets.key],
            ["webhook-id": "a", "webhook-timestamp": "1614265330", "webhook-signature": standardCode],
            body: standardBody, .wrong),
        Case(
            "standard: of another version", .standard, secrets: [Secrets.key],
            [
                "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
                "webhook-signature": standardCode.replacing("v1,", with: "v2,"),
            ], body: standardBody, .wrong),
        Case(
            "standard: a secret that is not a key", .standard, secrets: ["no key!"], standardFields, body: standardBody,
            .wrong),
        Case(
            "standard: sent again after five minutes", .standard, secrets: [Secrets.key], standardFields,
            body: standardBody, late: 301, .stale(.seconds(301))),
        Case(
            "standard: from the future", .standard, secrets: [Secrets.key], standardFields, body: standardBody,
            late: -301, .stale(.seconds(-301))),
        Case(
            "GitLab: sent again after five minutes", .gitlab, secrets: [Secrets.key], standardFields,
            body: standardBody, late: 3600, .stale(.seconds(3600))),
        Case("Azure: no credentials", .azureDevOps, [:], .missing),
        Case("Azure: a bearer token", .azureDevOps, ["Authorization": "Bearer \(Secrets.text)"], .wrong),
        Case("Azure: no base64", .azureDevOps, ["Authorization": "Basic ?"], .wrong),
        Case(
            "Azure: the secret as the user's name", .azureDevOps,
            ["Authorization": "Basic " + Data("\(Secrets.text):".utf8).base64EncodedString()], .wrong),
    ]

    @Test("A request that a forge documents has a good signature", arguments: documented)
    func good(_ one: Case) {
        let request = WebhookRequest(one.fields, one.body)
        #expect(WebhookSignature(one.kind, secrets: one.secrets).check(request, now: one.now) == one.expected)
    }

    @Test("While a secret is being replaced, the old and the new one are accepted", arguments: documented)
    func rotation(_ one: Case) {
        let request = WebhookRequest(one.fields, one.body)
        let other = one.kind == .standard || one.secrets == [Secrets.key] ? "whsec_bm90IGl0IGF0IGFsbA==" : "another one"
        for secrets in [[other] + one.secrets, one.secrets + [other]] {
            #expect(WebhookSignature(one.kind, secrets: secrets).check(request, now: one.now) == one.expected)
        }
        #expect(WebhookSignature(one.kind, secrets: [other]).check(request, now: one.now) != .good)
    }

    @Test("A forged request has a missing, wrong or stale signature", arguments: forged)
    func bad(_ one: Case) {
        let request = WebhookRequest(one.fields, one.body)
        #expect(WebhookSignature(one.kind, secrets: one.secrets).check(request, now: one.now) == one.expected)
    }

    @Test("Without a secret, or with an empty one, no signature is good", arguments: documented)
    func noSecret(_ one: Case) {
        let request = WebhookRequest(one.fields, one.body)
        for secrets in [[], [""]] {
            #expect(WebhookSignature(one.kind, secrets: secrets).check(request, now: one.now) != .good)
        }
    }

    @Test(
        "An empty secret accepts no signature, even one made with it",
        arguments: [
            (.github, ["X-Hub-Signature-256": "sha256=\(hexHMAC("{}", ""))"]),
            (.gitea, ["X-Gitea-Signature": hexHMAC("{}", "")]),
            (.gitlab, ["X-Gitlab-Token": ""]),
            (.azureDevOps, ["Authorization": "Basic " + Data("ada:".utf8).base64EncodedString()]),
        ] as [(WebhookKind, KeyValuePairs<String, String>)])
    func emptySecret(kind: WebhookKind, fields: KeyValuePairs<String, String>) {
        let request = WebhookRequest(fields, "{}")
        #expect(WebhookSignature(kind, secrets: ["", ""]).check(request, now: .at(0)) == .wrong)
    }

    @Test("Changing any byte of the body makes the signature wrong", arguments: documented.filter { $0.kind.signsBody })
    func changedBodies(_ one: Case) {
        guard one.fields.first(where: { $0.key == "X-Gitlab-Token" }) == nil else { return }
        var body = Array(one.body.utf8)
        for index in body.indices {
            body[index] ^= 1
            let request = WebhookRequest(one.fields, body)
            #expect(WebhookSignature(one.kind, secrets: one.secrets).check(request, now: one.now) == .wrong)
            body[index] ^= 1
        }
    }
}

extension WebhookKind {
    fileprivate var signsBody: Bool { self != .azureDevOps }
}
