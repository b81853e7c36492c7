import ClockSupport
import Foundation
import PrewarmCore
import PrewarmEngine
@testable import PrewarmNotifications
@testable import PrewarmServer
import Synchronization
import Testing

private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

private func hook(_ receiver: Receiver, name: String = "hook", types: Set<NotificationType>? = nil) -> SinkSettings {
    SinkSettings(
        name: name, kind: .webhook, url: receiver.url + "/hook?team=a", secret: secret,
        types: types ?? NotificationType.standard)
}

@Suite("Notifications by webhook")
struct WebhookTests {
    @Test("A stalled pool and its recovery reach the receiver as CloudEvents")
    func delivery() async throws {
        let journal = try Journal()
        try await journal.register("hook")
        try await Receiver.run { receiver in
            try await journal.notifier(hook(receiver)).running {
                try await journal.append(.revision("a", "Applied"), .preset("go", "Stalled", "no disk"))
                #expect(try await eventually { receiver.requests.count == 1 })
                try await journal.append(.preset("go", "Recovered"))
                #expect(try await eventually { receiver.requests.count == 2 })
            }
            let request = try #require(receiver.requests.first)
            #expect(request.path == "/hook?team=a")
            #expect(request.headers["content-type"] == "application/cloudevents+json; charset=utf-8")
            #expect(request.headers["user-agent"] == "prewarm/1.0.0")
            let event = request.json
            #expect(event["specversion"] as? String == "1.0")
            #expect(event["id"] as? String == request.headers["webhook-id"])
            #expect(event["source"] as? String == "prewarm/main")
            #expect(event["type"] as? String == "dev.prewarm.preset.stalled")
            #expect(event["subject"] as? String == "preset/go")
            #expect((event["time"] as? String).flatMap { Timestamp($0) } != nil)
            let data = try #require(event["data"] as? [String: Any])
            #expect(data["state"] as? String == "broken")
            #expect(data["message"] as? String == "presets: pool go is stalled: no disk")
            #expect(data["revision"] as? String == Revision.sample("a").description)
            let second = try #require(receiver.requests.last)
            #expect(second.json["type"] as? String == "dev.prewarm.preset.recovered")
            #expect((second.json["data"] as? [String: Any])?["incident"] as? String == data["incident"] as? String)
        }
    }

    @Test(
        "The library of Standard Webhooks accepts the signature, and refuses it with another secret",
        .enabled("standardwebhooks is not installed: run `pip install standardwebhooks`") {
            await Programs.isWanted("python3", [Programs.tests.appending(path: "webhook-peer.py").path, "check"])
        })
    func signature() async throws {
        let journal = try Journal()
        try await journal.register("hook")
        try await Receiver.run { receiver in
            try await journal.notifier(hook(receiver)).running {
                try await journal.append(.preset("go", "Stalled", "“no disk” — ß\n\u{1}"), .source("Unreachable", "x"))
                #expect(try await eventually { receiver.requests.count == 2 })
            }
            #expect(try await Programs.verify(receiver.requests, secret: secret) == ["good", "good"])
            let other = "whsec_" + Data(repeating: 7, count: 32).base64EncodedString()
            let verdicts = try await Programs.verify(receiver.requests, secret: other)
            #expect(verdicts.count == 2 && verdicts.allSatisfy { $0.hasPrefix("bad") })
        }
    }

    @Test("A failed delivery is repeated with the same id after the wait that the receiver asks for")
    func retries() async throws {
        let journal = try Journal()
        try await journal.register("hook")
        let answers: [Receiver.Answer] = [
            .init(status: 500), .init(status: 429, headers: ["retry-after": "1800"]), .init(status: 408),
        ]
        let clock = ManualClock()
        let engine = try Journal.engine(
            journal.path, ["presets": "https://github.com/acme/presets.git"], holder: "first", pausing: clock,
            now: { .wall })
        try await Receiver.run(answers) { receiver in
            // The limit of an attempt passes on the same clock, which goes on while an answer is on its way.
            let notifier = try journal.notifier(hook(receiver), engine: engine, timeout: .seconds(1_000_000))
            try await notifier.running {
                try await journal.append(.preset("go", "Stalled"))
                func isLogged(_ text: String, step: Duration) async throws -> Bool {
                    try await eventually {
                        clock.advance(by: step)
                        return journal.log.contains(text)
                    }
                }
                #expect(try await isLogged("answered with status 429", step: .milliseconds(100)))
                let answeredAt = clock.instant()
                #expect(try await isLogged("answered with status 408", step: .seconds(20)))
                #expect(clock.instant() - answeredAt >= .seconds(1700), "about half an hour has passed")
                #expect(try await isLogged("notifications are delivered again", step: .milliseconds(100)))
                #expect(receiver.requests.count == 4)
            }
            #expect(Set(receiver.requests.map { $0.headers["webhook-id"] }).count == 1)
            #expect(Set(receiver.requests.map(\.body)).count == 1)
        }
        let warnings = journal.log.split(separator: "\n").filter { $0.contains(#""level":"warning""#) }
        #expect(warnings.count == 1, "the failure is logged as a warning once, not at every attempt")
    }

    @Test("A refused notification is dropped, and the next one is delivered", arguments: [400, 401, 404, 422, 302])
    func refusal(status: Int) async throws {
        let journal = try Journal()
        try await journal.register("hook")
        try await Receiver.run { elsewhere in
            let answer = Receiver.Answer(status: status, headers: ["location": elsewhere.url])
            try await Receiver.run([answer]) { receiver in
                try await journal.notifier(hook(receiver)).running {
                    try await journal.append(.preset("go", "Stalled"))
                    #expect(
                        try await eventually {
                            journal.log.contains("the receiver refused a notification; it is dropped")
                        })
                    try await journal.append(.source("Unreachable", "no answer"))
                    #expect(try await eventually { receiver.requests.count == 2 })
                }
                #expect(
                    receiver.requests.map { $0.json["type"] as? String } == [
                        "dev.prewarm.preset.stalled", "dev.prewarm.source.failing",
                    ])
            }
            #expect(elsewhere.requests.isEmpty, "redirects are not followed")
        }
    }

    @Test("A receiver that answers 410 gets no more notifications, and the others do")
    func gone() async throws {
        let journal = try Journal()
        try await journal.register("hook", "other")
        try await Receiver.run([.init(status: 410)]) { receiver in
            try await Receiver.run { other in
                try await journal.notifier(hook(receiver), hook(other, name: "other")).running {
                    try await journal.append(.preset("go", "Stalled"))
                    #expect(
                        try await eventually {
                            journal.log.contains("answered 410 (gone)") && other.requests.count == 1
                        })
                    try await journal.append(.preset("go", "Recovered"))
                    #expect(try await eventually { other.requests.count == 2 })
                }
            }
            #expect(receiver.requests.count == 1)
        }
    }

    @Test("A receiver that never answers does not delay the others")
    func slow() async throws {
        let journal = try Journal()
        try await journal.register("slow", "quick")
        let stuck = Array(repeating: Receiver.Answer(delay: .seconds(120)), count: 50)
        try await Receiver.run(stuck) { slow in
            try await Receiver.run { quick in
                let notifier = try journal.notifier(
                    hook(slow, name: "slow"), hook(quick, name: "quick"), timeout: .milliseconds(300))
                try await notifier.running {
                    for digit in 1...5 {
                        try await journal.append(.preset("go", "Stalled"), .preset("go", "Recovered"))
                        #expect(try await eventually { quick.requests.count == 2 * digit })
                    }
                    #expect(try await eventually { slow.requests.count >= 2 }, "the attempt is ended and repeated")
                }
                #expect(Set(slow.requests.map(\.body)).count == 1)
            }
        }
    }

    @Test("After a restart no notification is lost and no delivered one is repeated")
    func restart() async throws {
        let journal = try Journal()
        try await journal.register("hook")
        let failing = Array(repeating: Receiver.Answer(status: 503), count: 3)
        try await Receiver.run([.init()] + failing) { receiver in
            try await journal.notifier(hook(receiver)).running {
                try await journal.append(.preset("go", "Stalled"))
                #expect(try await eventually { receiver.requests.count == 1 })
                try await journal.append(.source("Unreachable", "no answer"))
                #expect(try await eventually { receiver.requests.count >= 2 })
            }
            // These events are written while no notifier runs.
            try await journal.append(.preset("go", "Recovered"), .preset("rust", "Stalled"))
            try await journal.notifier(hook(receiver)).running {
                let isTold = try await eventually {
                    receiver.requests.last?.json["subject"] as? String == "preset/rust"
                }
                #expect(isTold)
            }
            var types: [String] = []
            for type in receiver.requests.compactMap({ $0.json["type"] as? String }) where types.last != type {
                types.append(type)
            }
            #expect(
                types == [
                    "dev.prewarm.preset.stalled", "dev.prewarm.source.failing", "dev.prewarm.preset.recovered",
                    "dev.prewarm.preset.stalled",
                ])
            let failed = receiver.requests.filter { $0.json["type"] as? String == "dev.prewarm.source.failing" }
            #expect(Set(failed.map { $0.headers["webhook-id"] }).count == 1)
        }
    }

    @Test("One of two processes on a store sends notifications, and the other continues after it ends")
    func processes() async throws {
        let journal = try Journal()
        try await journal.register("hook")
        let second = try Journal.engine(
            journal.path, ["presets": "https://github.com/acme/presets.git"], holder: "second", now: { .wall })
        try await Receiver.run { receiver in
            try await journal.notifier(hook(receiver)).running {
                try await journal.append(.preset("go", "Stalled"))
                #expect(try await eventually { receiver.requests.count == 1 })
                try await journal.notifier(hook(receiver), engine: second).running {
                    for round in 1...3 {
                        try await journal.append(.preset("go", "Recovered"), .preset("go", "Stalled"))
                        #expect(try await eventually { receiver.requests.count >= 1 + 2 * round })
                    }
                }
            }
            try await journal.notifier(hook(receiver), engine: second).running {
                try await journal.append(.preset("go", "Recovered"))
                #expect(try await eventually { receiver.requests.count >= 8 })
            }
            #expect(receiver.requests.count == 8)
            #expect(Set(receiver.requests.map { $0.headers["webhook-id"] }).count == 8)
        }
    }

    @Test(
        "A self-signed certificate is refused unless the configuration trusts it",
        arguments: [false, true])
    func certificates(isTrusted: Bool) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "certificate-\(UUID().uuidString).pem").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let made = try await Programs.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost", "-keyout", file, "-out", file + ".crt",
            ])
        defer { try? FileManager.default.removeItem(atPath: file + ".crt") }
        #expect(made.status == 0, "\(made.output)")
        let pem =
            try String(contentsOfFile: file + ".crt", encoding: .utf8) + String(contentsOfFile: file, encoding: .utf8)
        try pem.write(toFile: file, atomically: true, encoding: .utf8)
        let journal = try Journal()
        try await journal.register("hook")
        try await Receiver.run(certificate: file) { receiver in
            var settings = hook(receiver)
            let port = receiver.url.split(separator: ":").last ?? ""
            settings.url = "https://localhost:\(port)/hook"
            if isTrusted { settings.caFile = file + ".crt" }
            try await journal.notifier(settings).running {
                try await journal.append(.preset("go", "Stalled"))
                if isTrusted {
                    #expect(try await eventually { receiver.requests.count == 1 }, "\(journal.log)")
                } else {
                    #expect(
                        try await eventually { journal.log.contains("CERTIFICATE_VERIFY_FAILED") }, "\(journal.log)")
                    #expect(receiver.requests.isEmpty)
                }
            }
        }
    }

    @Test("A sink whose saved state is damaged begins after the newest event and logs a warning")
    func damaged() async throws {
        let journal = try Journal()
        try await journal.engine.store.write {
            try $0.append([.preset("old", "Stalled")])
            try $0.save(SinkRecord(cursor: 0, state: [9, 9, 9]), ofSink: "hook")
        }
        try await Receiver.run { receiver in
            try await journal.notifier(hook(receiver)).running {
                #expect(
                    try await eventually { journal.log.contains("cannot read the saved state of a notification sink") })
                let isNew = try await eventually {
                    try await journal.engine.store.read { try $0.sink("hook")?.state != [9, 9, 9] }
                }
                #expect(isNew)
                try await journal.append(.source("Unreachable", "no answer"))
                #expect(try await eventually { receiver.requests.count == 1 })
            }
            #expect(receiver.requests.map { $0.json["type"] as? String } == ["dev.prewarm.source.failing"])
        }
    }

    @Test("A failing receiver is not called more often because a notification became too old")
    func backoffAfterDrop() async throws {
        let journal = try Journal()
        try await journal.register("hook")
        let isLater = Mutex(false)
        let engine = try Journal.engine(
            journal.path, ["presets": "https://github.com/acme/presets.git"], holder: "first"
        ) { isLater.withLock(\.self) ? .wall + .seconds(172_800) : .wall }
        let refusing = Array(repeating: Receiver.Answer(status: 503), count: 1000)
        try await Receiver.run(refusing) { receiver in
            let backoff = Backoff(base: .milliseconds(1), limit: .seconds(3600))
            let settings = hook(receiver, types: [.revisionApplied])
            try await journal.notifier(settings, engine: engine, backoff: backoff).running {
                try await journal.append(.revision("a", "Applied"))
                #expect(try await eventually { receiver.requests.count == 11 })
                isLater.withLock { $0 = true }
                try await journal.append(.revision("b", "Applied", at: .wall + .seconds(172_800)))
                #expect(try await eventually { journal.log.contains("more than a day old") })
                #expect(try await eventually { Set(receiver.requests.map(\.body)).count == 2 })
                let first = receiver.requests.first?.body
                #expect(try await eventually { receiver.requests.count { $0.body != first } >= 3 })
                let times = receiver.requests.filter { $0.body != first }.map(\.at)
                // The pauses after the 12th and the 13th failed attempt are at least 1024 and 2048 ms.
                #expect(times[2] - times[0] >= .milliseconds(3000))
            }
        }
    }

    @Test("A new sink does not get earlier events")
    func newcomer() async throws {
        let journal = try Journal()
        try await journal.append(.preset("old", "Stalled"))
        try await Receiver.run { receiver in
            try await journal.notifier(hook(receiver)).running {
                #expect(try await eventually { try await journal.engine.store.read { try $0.sink("hook") } != nil })
                try await journal.append(.source("Unreachable", "no answer"))
                #expect(try await eventually { receiver.requests.count == 1 })
            }
            #expect(receiver.requests.map { $0.json["type"] as? String } == ["dev.prewarm.source.failing"])
        }
    }

    @Test("A long backlog stays small in the store, and of its day-old notifications only current ones are sent")
    func backlog() async throws {
        let journal = try Journal()
        try await journal.register("hook")
        let refusing = Array(repeating: Receiver.Answer(status: 503), count: 5)
        try await Receiver.run(refusing) { receiver in
            try await journal.append((0..<1000).map { _ in .revision("a", "Applied", "x") })
            let yesterday = Timestamp.wall - .seconds(90_000)
            try await journal.append(.revision("b", "Applied", at: yesterday), .preset("go", "Stalled", at: yesterday))
            try await journal.notifier(hook(receiver, types: [.revisionApplied, .presetStalled])).running {
                #expect(try await eventually { receiver.requests.count >= 5 })
                let record = try await journal.engine.store.read { try $0.sink("hook") }
                #expect(record.map { $0.state.count < 50_000 } == true)
                let isTold = try await eventually { receiver.requests.last?.json["subject"] as? String == "preset/go" }
                #expect(isTold)
            }
            #expect(receiver.requests.count == 1006)
            #expect(receiver.requests.dropLast().allSatisfy { !$0.body.contains("bbbbbbbb") })
            #expect(journal.log.contains("dropped notifications that are more than a day old"))
        }
    }
}
