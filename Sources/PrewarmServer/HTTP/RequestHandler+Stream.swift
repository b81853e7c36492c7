internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
internal import ServiceLifecycle

extension RequestHandler {
    /// The number of events that are read from the store at once.
    private static let portion = 200

    /// Answers with server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): one for each event
    /// of the store that the caller may see, with its sequence number as id. The stream begins after the event in
    /// `Last-Event-ID`, otherwise after the newest event.
    func stream(_ context: RequestContext, to principal: Principal) async throws -> Response {
        let (access, daemon) = (access, daemon)
        return try await stream(context, to: principal, isNamed: true) { () async throws(AccessError) in
            try await access.recheck(context, now: daemon.engine.now())
        }
    }

    /// Answers with server-sent events, as ``stream(_:to:)`` does.
    /// - Parameters:
    ///   - isNamed: True if each event has its reason as its name. Scripts in pages follow all events by events without names.
    ///   - recheck: Checks the caller again. Returns nil if it cannot be checked now, and throws if it is no longer let in.
    func stream(
        _ context: RequestContext, to principal: Principal, isNamed: Bool,
        recheck: @escaping @Sendable () async throws(AccessError) -> Principal?
    ) async throws -> Response {
        try Authorization.require(principal, .look)
        let given = context.request.headers[.lastEventID]
        let start: Int64
        if let given {
            guard let sequence = Int64(given), sequence >= 0 else {
                throw Problem(
                    "BadHeader", status: 400,
                    "invalid header Last-Event-ID \"\(given.forMessage)\": it must be the id of an event, a number from 0",
                    hint: "send the last `id` that the stream had, or leave the header out")
            }
            start = sequence
        } else {
            start = try await daemon.engine.store.read { try $0.newestEvent() }
        }
        let (daemon, feed) = (daemon, daemon.changes.subscribe())
        let body = ResponseBody { writer in
            var last = start
            var principal = principal
            var checkedAt = ContinuousClock.now
            try await writer.write(ByteBuffer(string: ": from \(last)\nretry: 2000\n\n"))
            for await _ in feed.cancelOnGracefulShutdown() {
                // If the token has expired or was revoked, the stream ends before the next event.
                if ContinuousClock.now - checkedAt >= .seconds(1) {
                    checkedAt = .now
                    do throws(AccessError) {
                        principal = try await recheck() ?? principal
                    } catch {
                        break
                    }
                }
                var hasMore = true
                var isIdle = true
                while hasMore {
                    let after = last
                    let events = try await daemon.engine.store.read { try $0.events(after: after, limit: Self.portion) }
                    hasMore = events.count == Self.portion
                    for event in events {
                        last = event.sequence
                        guard let data = EventDocument(event.event, for: principal)?.compactJSON else { continue }
                        isIdle = false
                        let name = isNamed ? "event: \(event.event.reason)\n" : ""
                        try await writer.write(ByteBuffer(string: "id: \(event.sequence)\n\(name)data: \(data)\n\n"))
                    }
                }
                // A comment line lets both ends notice a broken connection.
                if isIdle { try await writer.write(ByteBuffer(string: ":\n\n")) }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }
}
