internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
internal import ServiceLifecycle

extension RequestHandler {
    /// The longest time without a line, so that both ends notice a broken connection.
    private static let longestSilence = Duration.seconds(15)
    /// A smaller change of the expected time is no news.
    private static let etaTolerance = Duration.seconds(5)

    /// Answers with server-sent events about a claim: its document now, and again after each change. The name of an event is
    /// the `result` in its document. The stream ends when the owner can use the workspace, or when the claim has ended.
    ///
    /// The document is the answer of `getClaim`, so the stream shows nothing that a request would not show.
    func streamClaim(_ context: RequestContext, _ path: [String], to principal: Principal) async throws -> Response {
        let (access, daemon, api, streams) = (access, daemon, api, claimStreams)
        let origin = context.client.description
        @Sendable func document(for principal: Principal) async throws -> ClaimDocument {
            try await api.answer(APIRequest(.get, path), from: Caller(principal, origin: origin, authorization: nil))
                .decoded()
        }
        let first = try await document(for: principal)
        let body = ResponseBody { writer in
            var (principal, claim) = (principal, first)
            var last: ClaimDocument?
            var writtenAt = ContinuousClock.now
            var checkedAt = ContinuousClock.now
            streams.begin()
            defer { streams.end() }
            try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
            while true {
                if claim.isNews(after: last, tolerance: Self.etaTolerance) {
                    try await writer.write(ByteBuffer(string: "event: \(claim.result)\ndata: \(claim.compactJSON)\n\n"))
                    (last, writtenAt) = (claim, .now)
                } else if .now - writtenAt >= Self.longestSilence {
                    try await writer.write(ByteBuffer(string: ":\n\n"))
                    writtenAt = .now
                }
                if claim.isSettledClaim || Task.isShuttingDownGracefully { break }
                try await Task.sleep(for: streams.pause)
                // If the token has expired or was revoked, or may no longer see the claim, the stream ends.
                if ContinuousClock.now - checkedAt >= .seconds(1) {
                    checkedAt = .now
                    do throws(AccessError) {
                        principal = try await access.recheck(context, now: daemon.engine.now()) ?? principal
                    } catch {
                        break
                    }
                }
                guard let next = try? await document(for: principal) else { break }
                claim = next
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }
}

extension ClaimDocument {
    /// True if the document is the last one: its owner can use the workspace, or the claim has ended.
    fileprivate var isSettledClaim: Bool { usableAt != nil || endedAt != nil }

    /// Returns true if a document differs from the last one by more than a small change of `eta`.
    fileprivate func isNews(after last: ClaimDocument?, tolerance: Duration) -> Bool {
        guard let last, withoutETA == last.withoutETA else { return true }
        guard let eta, let before = last.eta else { return eta != last.eta }
        return eta > before + tolerance || before > eta + tolerance
    }

    private var withoutETA: String {
        var document = self
        document.eta = nil
        return document.compactJSON
    }
}
