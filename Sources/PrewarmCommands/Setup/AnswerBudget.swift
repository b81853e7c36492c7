import AsyncHTTPClient
import NIOCore
import PrewarmServer
import Synchronization

/// The limits on the answer to one request. A server that is wrong or hostile can neither hold a command for ever nor fill
/// its memory.
struct AnswerBudget: Sendable {
    /// The longest time until the answer begins.
    let start: Duration
    /// The longest time without a further part of the answer.
    let pause = Duration.seconds(30)
    /// The longest time from the beginning of the answer to its end.
    let whole = Duration.seconds(600)
    /// The most bytes of the answer.
    let size: Int

    /// The most pages of one list, with at most 1,000 elements each.
    static let pages = 2000
    /// The most bytes of all pages of one list together.
    static let listSize = 512 << 20

    /// Returns the limits for a request. Requests that a provisioner answers may take as long as it does, and a plan may fetch
    /// its revision first. Only an export has no pages.
    init(for request: APIRequest) {
        let last = request.path.last ?? ""
        start =
            ["claims", "credentials", "transfer"].contains(last) && request.method == .post
            ? .seconds(7200) : last == "plan" ? .seconds(600) : .seconds(120)
        size = last == "export" ? 256 << 20 : 64 << 20
    }

    /// The reason why an answer was not read to its end.
    enum Failure: Error {
        /// No part of the answer came for this time.
        case late(Duration)
        /// The answer took longer than ``AnswerBudget/whole``.
        case slow
        case tooLarge

        /// The reason as the end of a sentence about the answer.
        func text(_ budget: AnswerBudget) -> String {
            switch self {
            case .late(let time): "nothing came for \(time.prewarmText)"
            case .slow: "it took more than \(budget.whole.prewarmText)"
            case .tooLarge: "it has more than \(budget.size >> 20) MiB"
            }
        }
    }

    /// The time of the last part of an answer, and the longest time until the next one.
    private final class Progress: Sendable {
        let last: Mutex<(at: ContinuousClock.Instant, limit: Duration)>

        init(at time: ContinuousClock.Instant, limit: Duration) {
            last = Mutex((time, limit))
        }
    }

    /// Sends a request and reads its answer within the limits.
    /// - Throws: ``Failure``, or the error of the connection.
    func exchange(
        _ message: HTTPClientRequest, by http: HTTPClient
    ) async throws -> (head: HTTPClientResponse, bytes: [UInt8]) {
        let clock = ContinuousClock()
        let progress = Progress(at: clock.now, limit: start)
        return try await withThrowingTaskGroup { group in
            group.addTask {
                let response = try await http.execute(message, deadline: .distantFuture)
                let begin = clock.now
                progress.last.withLock { $0 = (begin, pause) }
                var bytes: [UInt8] = []
                for try await part in response.body {
                    guard bytes.count + part.readableBytes <= size else { throw Failure.tooLarge }
                    bytes += part.readableBytesView
                    let now = clock.now
                    guard now - begin < whole else { throw Failure.slow }
                    progress.last.withLock { $0.at = now }
                }
                return (head: response, bytes: bytes)
            }
            group.addTask {
                while true {
                    let (last, limit) = progress.last.withLock { $0 }
                    guard clock.now < last + limit else { throw Failure.late(limit) }
                    try await clock.sleep(until: last + limit)
                }
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw CancellationError() }
            return answer
        }
    }
}
