import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One request with its answer, within limits of time and size.
struct Exchange: Sendable {
    let request: HTTPClientRequest
    /// The longest time from the request to the end of the answer.
    let timeout: Duration
    /// The largest answer in bytes.
    let sizeLimit: Int

    /// The head of an answer.
    struct Head: Sendable {
        let status: Int
        let headers: HTTPHeaders
    }

    /// The reason why there is no whole answer.
    enum Failure: Error {
        case late
        case tooLarge
        case canceled
        /// The connection failed, or the reader of the answer refused it.
        case broken(any Error)
    }

    /// Sends the request, and passes the answer to `fold` piece by piece, until `fold` returns false.
    /// - Returns: The head and the last state.
    func run<State: Sendable>(
        _ http: HTTPClient, into state: State,
        _ fold: @escaping @Sendable (inout State, ByteBuffer) throws -> Bool
    ) async throws(Failure) -> (Head, State) {
        let result = await within(timeout) { () -> Result<(Head, State), Failure> in
            do {
                let response = try await http.execute(request, deadline: .distantFuture)
                var (state, size) = (state, 0)
                for try await chunk in response.body {
                    size += chunk.readableBytes
                    guard size <= sizeLimit else { return .failure(.tooLarge) }
                    guard try fold(&state, chunk) else { break }
                }
                return .success((Head(status: Int(response.status.code), headers: response.headers), state))
            } catch {
                return .failure(.broken(error))
            }
        }
        if Task.isCancelled { throw .canceled }
        guard let result else { throw .late }
        return try result.get()
    }
}
