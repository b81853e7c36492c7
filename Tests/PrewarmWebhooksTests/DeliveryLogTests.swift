import ClockSupport
import PrewarmCore
import Testing

@testable import PrewarmWebhooks

@Suite("The log of webhook deliveries")
struct DeliveryLogTests {
    private func delivery(_ number: Int, _ outcome: WebhookVerdict.Outcome, at seconds: Int64 = 0) -> WebhookDelivery {
        WebhookDelivery(
            at: .at(seconds), webhook: "hook", kind: .github, id: "\(number)", event: "push", from: "192.0.2.7",
            outcome: outcome, detail: "", sources: [], bytes: 2)
    }

    @Test("The log is bounded, and refused deliveries displace only refused ones")
    func bounded() {
        var log = DeliveryLog()
        log.record(delivery(-1, .accepted))
        for number in 0..<10_000 { log.record(delivery(number, .unauthorized, at: 1)) }
        #expect(log.deliveries.count == DeliveryLog.refusedLimit + 1)
        #expect(log.deliveries.first?.id == "9999" && log.deliveries.last?.id == "-1")
        for number in 0..<1000 { log.record(delivery(number, .accepted, at: 2)) }
        #expect(log.deliveries.count == DeliveryLog.refusedLimit + DeliveryLog.verifiedLimit)
    }

    @Test("Ids are remembered for ten minutes, for each webhook, in bounded memory")
    func ids() {
        var log = DeliveryLog()
        log.noteHandled(webhook: "a", id: "1", now: .at(0))
        #expect(log.handledAt(webhook: "a", id: "1", now: .at(599)) == .at(0))
        #expect(log.handledAt(webhook: "a", id: "1", now: .at(600)) == nil)
        #expect(log.handledAt(webhook: "b", id: "1", now: .at(1)) == nil)
        for number in 0..<20_000 { log.noteHandled(webhook: "a", id: "x\(number)", now: .at(1)) }
        #expect(log.idCount == DeliveryLog.idLimit)
        #expect(log.handledAt(webhook: "a", id: "x19999", now: .at(2)) == .at(1))
        log.noteHandled(webhook: "a", id: "late", now: .at(700))
        #expect(log.idCount == 1, "expired ids are forgotten")
    }
}
