import ClockSupport
import Foundation
import HTTPTypes
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmWebhooks

@Suite("The webhook receiver")
struct WebhookReceiverTests {
    private static let url = "https://github.com/example/presets.git"
    private let forge = ClientAddress(description: "192.0.2.7", group: "192.0.2.7")

    private func receiver(
        _ refs: [(String, WatchedSource.Ref)] = [("presets", .branch("main"))], kind: WebhookKind = .github,
        secret: String? = nil, sources: [String]? = nil
    ) -> WebhookReceiver {
        WebhookReceiver(
            endpoints: [
                WebhookEndpoint(name: "hook", kind: kind, secrets: [secret ?? Secrets.secret(kind)], sources: sources)
            ], sources: refs.map { WatchedSource(name: $0.0, url: Self.url, ref: $0.1) })
    }

    private func push(_ ref: String, id: String = "d1", secret: String = Secrets.text, defaultBranch: String? = nil)
        -> WebhookRequest
    {
        let branch = defaultBranch.map { ", \"default_branch\": \"\($0)\"" } ?? ""
        return githubPush(
            """
            {"ref": "\(ref)", "after": "\(PushNoticeTests.commit)", "repository": {"clone_url": "\(Self.url)"\(branch)}}
            """, secret: secret, id: id)
    }

    @Test(
        "A push wakes up only the sources that follow its ref",
        arguments: [
            ("refs/heads/main", nil, ["branch", "head"]), ("refs/heads/main", "main", ["branch", "head"]),
            ("refs/heads/trunk", nil, ["head"]), ("refs/heads/trunk", "main", []),
            ("refs/heads/trunk", "trunk", ["head"]), ("refs/tags/main", nil, []),
            ("refs/tags/v1.4.2", nil, ["semver"]), ("refs/tags/1.4.2", nil, ["semver"]),
            ("refs/tags/stable", nil, ["tag"]), ("refs/heads/v1.4.2", "main", []), ("refs/heads/", "main", []),
            ("main", "main", []), ("", nil, []),
        ] as [(String, String?, [String])])
    func refs(ref: String, defaultBranch: String?, expected: [String]) {
        let receiver = receiver([
            ("branch", .branch("main")), ("tag", .tag("stable")), ("semver", .semver), ("head", .head),
            ("commit", .commit),
        ])
        let verdict = receiver.receive(push(ref, defaultBranch: defaultBranch), at: "hook", from: forge, now: .at(0))
        #expect(verdict.wakeUps.map(\.source) == expected)
        #expect(verdict.outcome == (expected.isEmpty ? .unmatched : .accepted))
        #expect(verdict.status == (expected.isEmpty ? 200 : 202))
        #expect(verdict.wakeUps.allSatisfy { $0.commit == PushNoticeTests.commit })
    }

    @Test("A webhook wakes up only its own sources")
    func restricted() {
        let receiver = receiver([("a", .branch("main")), ("b", .branch("main"))], sources: ["b"])
        let verdict = receiver.receive(push("refs/heads/main"), at: "hook", from: forge, now: .at(0))
        #expect(verdict.wakeUps.map(\.source) == ["b"])
    }

    @Test("A push of another repository wakes up no source, and the log names the repositories of the sources")
    func otherRepository() {
        let receiver = receiver()
        let request = githubPush(
            "{\"ref\": \"refs/heads/main\", \"repository\": {\"clone_url\": \"https://github.com/a/b\"}}")
        let verdict = receiver.receive(request, at: "hook", from: forge, now: .at(0))
        #expect(verdict.outcome == .unmatched && verdict.wakeUps.isEmpty)
        #expect(receiver.deliveries.first?.detail.contains("github.com/example/presets") == true)
    }

    @Test("The pushes of each kind of forge are accepted", arguments: WebhookKind.allCases)
    func samples(kind: WebhookKind) {
        for ref in [WatchedSource.Ref.branch("feature/x"), .tag("stable"), .semver, .head] {
            for secret in kind == .gitlab ? [Secrets.text, Secrets.key] : [Secrets.secret(kind)] {
                let receiver = receiver([("presets", ref)], kind: kind, secret: secret)
                let sample = WebhookSample(
                    kind: kind, secret: secret, repository: Self.url, ref: ref, commit: PushNoticeTests.commit,
                    deliveryID: "d1")
                let request = sample.request(now: .at(0))
                let verdict = receiver.receive(request, at: "hook", from: forge, now: .at(1))
                #expect(
                    verdict.outcome == .accepted && verdict.wakeUps.map(\.source) == ["presets"], "\(ref) \(verdict)")
                let other = self.receiver(
                    [("presets", ref)], kind: kind, secret: kind == .standard ? "AAAAAAAAAAAAAAAA" : "another secret")
                #expect(other.receive(request, at: "hook", from: forge, now: .at(1)).status == 401)
            }
        }
    }

    @Test("A missing and a wrong signature get the same answer and different log messages")
    func unauthorized() {
        let receiver = receiver()
        let wrong = receiver.receive(push("refs/heads/main", secret: "another"), at: "hook", from: forge, now: .at(0))
        let missing = receiver.receive(WebhookRequest([:], "{}"), at: "hook", from: forge, now: .at(1))
        #expect(wrong.status == 401 && missing.status == 401 && wrong.message == missing.message)
        #expect(receiver.deliveries.map(\.detail).allSatisfy { $0.contains("signature is") })
        #expect(Set(receiver.deliveries.map(\.detail)).count == 2)
    }

    @Test("The signature is checked first: invalid JSON, forms and other events without it get 401")
    func orderOfChecks() {
        let receiver = receiver()
        for (fields, body) in [
            (["X-GitHub-Event": "push"], "{"), (["Content-Type": "application/x-www-form-urlencoded"], "payload=%7B"),
            (["X-GitHub-Event": "ping"], "{}"),
        ] as [(KeyValuePairs<String, String>, String)] {
            #expect(receiver.receive(WebhookRequest(fields, body), at: "hook", from: forge, now: .at(0)).status == 401)
        }
    }

    @Test("A form of GitHub gets an answer that names the content type to set")
    func form() {
        let body = "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D"
        let request = WebhookRequest(
            [
                "Content-Type": "application/x-www-form-urlencoded", "X-GitHub-Event": "push",
                "X-Hub-Signature-256": "sha256=\(hexHMAC(body, Secrets.text))",
            ], body)
        let verdict = receiver().receive(request, at: "hook", from: forge, now: .at(0))
        #expect(verdict.status == 415 && verdict.message.contains("application/json"))
    }

    @Test("A ping is answered, and an event other than a push is ignored")
    func quietEvents() {
        let receiver = receiver()
        #expect(
            receiver.receive(githubPush("{}", event: "ping"), at: "hook", from: forge, now: .at(0)).message == "pong")
        let other = receiver.receive(githubPush("{}", event: "star"), at: "hook", from: forge, now: .at(0))
        #expect(other.outcome == .ignored && other.status == 200)
    }

    @Test("A body of more than 1 MiB is refused, and a body of 1 MiB is accepted")
    func size() {
        let receiver = receiver()
        let frame = "{\"ref\": \"refs/heads/main\", \"repository\": {\"clone_url\": \"\(Self.url)\"}, \"x\": \"\"}"
        let padding = String(repeating: "x", count: WebhookRequest.bodyLimit - frame.utf8.count)
        let body = frame.replacing("\"x\": \"\"", with: "\"x\": \"\(padding)\"")
        #expect(receiver.receive(githubPush(body), at: "hook", from: forge, now: .at(0)).status == 202)
        #expect(receiver.receive(githubPush(body + " ", id: "d2"), at: "hook", from: forge, now: .at(0)).status == 413)
    }

    @Test("An unknown path gets 404, and a signed body that is invalid gets 400")
    func pathsAndBodies() {
        let receiver = receiver()
        #expect(receiver.receive(push("refs/heads/main"), at: "../hook", from: forge, now: .at(0)).status == 404)
        #expect(receiver.receive(githubPush("{\"ref\": 5}"), at: "hook", from: forge, now: .at(0)).status == 400)
    }

    @Test("A delivery that is repeated within ten minutes is ignored, and a later one is handled again")
    func duplicates() {
        let receiver = receiver()
        #expect(receiver.receive(push("refs/heads/main"), at: "hook", from: forge, now: .at(0)).outcome == .accepted)
        let again = receiver.receive(push("refs/heads/main"), at: "hook", from: forge, now: .at(599))
        #expect(again.outcome == .duplicate && again.wakeUps.isEmpty && again.status == 200)
        #expect(
            receiver.receive(push("refs/heads/main", id: "d2"), at: "hook", from: forge, now: .at(599)).outcome
                == .accepted)
        #expect(receiver.receive(push("refs/heads/main"), at: "hook", from: forge, now: .at(601)).outcome == .accepted)
    }

    @Test("The id in the body of Azure DevOps identifies a repeated delivery")
    func azureDuplicates() {
        let receiver = receiver(kind: .azureDevOps)
        let sample = WebhookSample(
            kind: .azureDevOps, secret: Secrets.text, repository: Self.url, ref: .branch("main"),
            commit: PushNoticeTests.commit, deliveryID: "one"
        ).request(now: .at(0))
        #expect(receiver.receive(sample, at: "hook", from: forge, now: .at(0)).outcome == .accepted)
        #expect(receiver.receive(sample, at: "hook", from: forge, now: .at(1)).outcome == .duplicate)
    }

    @Test("A forged delivery does not make a real one look repeated")
    func poisonedIDs() {
        let receiver = receiver()
        _ = receiver.receive(push("refs/heads/main", secret: "another"), at: "hook", from: forge, now: .at(0))
        #expect(receiver.receive(push("refs/heads/main"), at: "hook", from: forge, now: .at(1)).outcome == .accepted)
    }

    @Test("An unmatched delivery can be sent again after the configuration is fixed")
    func redelivery() {
        let receiver = receiver([("presets", .branch("trunk"))])
        #expect(receiver.receive(push("refs/heads/main"), at: "hook", from: forge, now: .at(0)).outcome == .unmatched)
        receiver.replace(
            endpoints: [WebhookEndpoint(name: "hook", kind: .github, secrets: [Secrets.text])],
            sources: [WatchedSource(name: "presets", url: Self.url, ref: .branch("main"))])
        #expect(receiver.receive(push("refs/heads/main"), at: "hook", from: forge, now: .at(1)).outcome == .accepted)
        #expect(receiver.deliveries.count == 2, "a reload keeps the log of deliveries")
    }

    @Test("A sender of unsigned requests is limited, and the forge is not")
    func floods() {
        let receiver = receiver()
        let attacker = ClientAddress(description: "198.51.100.1", group: "198.51.100.1")
        let answers = (0..<1000).map { _ in
            receiver.receive(push("refs/heads/main", secret: "another"), at: "hook", from: attacker, now: .at(0))
        }
        #expect(answers.first?.status == 401)
        let limited = answers.filter { $0.outcome == .limited }
        #expect(limited.count > 800 && limited.allSatisfy { $0.status == 429 && $0.retryAfter ?? .zero > .zero })
        #expect(receiver.receive(push("refs/heads/main"), at: "hook", from: forge, now: .at(0)).status == 202)
        #expect(receiver.deliveries.count <= DeliveryLog.verifiedLimit + DeliveryLog.refusedLimit)
        #expect(receiver.receive(WebhookRequest([:], ""), at: "nowhere", from: attacker, now: .at(0)).status == 429)
        #expect(
            receiver.receive(push("refs/heads/main", secret: "x"), at: "hook", from: attacker, now: .at(3600)).status
                == 401)
    }

    @Test("Signed deliveries are accepted even if unsigned ones from the same address exceed the rate")
    func sharedAddress() {
        let receiver = receiver()
        for number in 0..<1000 {
            _ = receiver.receive(push("refs/heads/main", secret: "another"), at: "hook", from: forge, now: .at(0))
            if number % 3 == 0 { _ = receiver.receive(WebhookRequest([:], "{}"), at: "x", from: forge, now: .at(0)) }
        }
        #expect(
            receiver.receive(push("refs/heads/main", secret: "x"), at: "hook", from: forge, now: .at(0)).status == 429)
        for number in 0..<100 {
            let verdict = receiver.receive(
                push("refs/heads/main", id: "d\(number)"), at: "hook", from: forge, now: .at(0))
            #expect(verdict.status == 202)
        }
    }

    private func refusal(
        _ receiver: WebhookReceiver, _ request: WebhookRequest, length: Int?, at name: String = "hook",
        now: Timestamp = .at(0)
    ) -> Int? {
        switch receiver.admit(request.fields, length: length, at: name, from: forge, now: now) {
        case .refused(let verdict): verdict.status
        case .admitted: nil
        }
    }

    @Test("A body is read only if name, signature fields, length and rate allow it")
    func unread() {
        let receiver = receiver()
        let (good, bare) = (push("refs/heads/main"), WebhookRequest([:], ""))
        #expect(refusal(receiver, good, length: 10) == nil && refusal(receiver, good, length: nil) == nil)
        #expect(refusal(receiver, good, length: 10, at: "other") == 404)
        #expect(refusal(receiver, bare, length: 10) == 401)
        #expect(refusal(receiver, good, length: WebhookRequest.bodyLimit) == nil)
        #expect(refusal(receiver, good, length: WebhookRequest.bodyLimit + 1) == 413)
        for _ in 0..<200 { _ = refusal(receiver, good, length: 10, at: "other") }
        #expect(refusal(receiver, good, length: 10, at: "other") == 429 && refusal(receiver, bare, length: 10) == 429)
        #expect(refusal(receiver, good, length: WebhookReceiver.smallBody + 1) == 429)
        #expect(refusal(receiver, good, length: nil) == 429)
        #expect(refusal(receiver, good, length: WebhookReceiver.smallBody) == nil)
        #expect(refusal(receiver, good, length: nil, now: .at(3600)) == nil)
        #expect(receiver.deliveries.contains { $0.outcome == .limited && $0.bytes == 0 })
    }

    @Test("A secret in plain text is checked by the header alone", arguments: [WebhookKind.azureDevOps, .gitlab])
    func headerSecrets(kind: WebhookKind) {
        let sample = WebhookSample(
            kind: kind, secret: Secrets.text, repository: Self.url, ref: .head, commit: PushNoticeTests.commit,
            deliveryID: "d1")
        let request = sample.request(now: .at(0))
        #expect(refusal(receiver(kind: kind), request, length: 10) == nil)
        #expect(refusal(receiver(kind: kind, secret: "another secret"), request, length: 10) == 401)
    }

    @Test("A delivery whose source could not be read is handled again when it is repeated")
    func failedLook() {
        let receiver = receiver()
        func outcome(_ seconds: Int64) -> WebhookVerdict.Outcome {
            receiver.receive(push("refs/heads/main"), at: "hook", from: forge, now: .at(seconds)).outcome
        }
        #expect(outcome(0) == .accepted && outcome(1) == .duplicate)
        receiver.noteFailedLook(source: "another")
        #expect(outcome(2) == .duplicate)
        receiver.noteFailedLook(source: "presets")
        #expect(outcome(3) == .accepted && outcome(4) == .duplicate)
    }

    @Test("Text from a sender is cut and stays on one line of the log")
    func hostileText() {
        let receiver = receiver()
        let request = githubPush("{}", event: "a\tb", id: String(repeating: "x", count: 5000))
        _ = receiver.receive(request, at: "hook", from: forge, now: .at(0))
        let delivery = receiver.deliveries.first
        #expect(delivery?.event == "a b" && (delivery?.id?.count ?? 0) <= 201)
        #expect("a\u{1b}[31m\nb".forMessage == "a [31m b")
    }

    @Test("The document of a delivery shows its outcome and no secret")
    func document() throws {
        let receiver = receiver(kind: .gitlab)
        let sample = WebhookSample(
            kind: .gitlab, secret: Secrets.text, repository: Self.url, ref: .branch("main"),
            commit: PushNoticeTests.commit, deliveryID: "d1")
        _ = receiver.receive(sample.request(now: .at(0)), at: "hook", from: forge, now: .at(0))
        let text = DeliveryDocument(try #require(receiver.deliveries.first)).compactJSON
        #expect(text.contains("\"outcome\":\"accepted\"") && text.contains("\"status\":202"))
        #expect(text.contains("\"from\":\"192.0.2.7\"") && text.contains("\"sources\":[\"presets\"]"))
        #expect(!text.contains(Secrets.text))
    }
}
