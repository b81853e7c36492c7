import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import PrewarmCore
import PrewarmEngine

/// One call of the Docker Engine API.
struct EngineCall: Sendable {
    var method = HTTPMethod.GET
    /// The path after the version, for example `/containers/json`. Its parts are in percent encoding.
    var path: String
    var query: [(name: String, value: String)] = []
    var body: Value?
    var headers: [(name: String, value: String)] = []
    /// The longest time from the call to the end of the answer.
    var timeout = Duration.seconds(60)
    /// The largest answer in bytes.
    var sizeLimit = 4 << 20
}

/// An answer of the engine, within the limits of its call.
struct EngineAnswer: Sendable {
    let status: Int
    let body: [UInt8]
}

/// A client of the Docker Engine API at a Unix socket. Docker and Podman offer this API.
///
/// The answers are not trusted: each one is limited in time and size, and JSON also in depth.
struct EngineClient: Sendable {
    let socket: EngineSocket
    let engine: EngineIdentity
    private let http: HTTPClient

    /// The deepest JSON of an answer. The engines nest about ten levels.
    static let depthLimit = 32

    /// Connects to the engine, passes a client to `body`, and closes all connections.
    static func with<Result: Sendable>(
        _ socket: EngineSocket, _ body: (EngineClient) async throws(OperationFailure) -> Result
    ) async throws(OperationFailure) -> Result {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(10))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Swift.Result<Result, OperationFailure>
        do throws(OperationFailure) {
            let identity = try await EngineIdentity(EngineClient(socket: socket, engine: .unknown, http: http))
            result = .success(try await body(EngineClient(socket: socket, engine: identity, http: http)))
        } catch {
            result = .failure(error)
        }
        try? await http.shutdown()
        return try result.get()
    }

    /// Makes a call and returns the whole answer, with any status.
    func call(_ call: EngineCall) async throws(OperationFailure) -> EngineAnswer {
        let (head, body) = try await stream(call, into: [UInt8]()) { (bytes, chunk) throws(OperationFailure) in
            bytes += chunk.readableBytesView
            return true
        }
        return EngineAnswer(status: head.status, body: body)
    }

    /// Makes a call and passes the answer to `fold` piece by piece, until `fold` returns false.
    /// - Returns: The head and the last state.
    func stream<State: Sendable>(
        _ call: EngineCall, into state: State,
        _ fold: @escaping @Sendable (inout State, ByteBuffer) throws(OperationFailure) -> Bool
    ) async throws(OperationFailure) -> (Exchange.Head, State) {
        do throws(Exchange.Failure) {
            let exchange = Exchange(request: request(call), timeout: call.timeout, sizeLimit: call.sizeLimit)
            return try await exchange.run(http, into: state) { try fold(&$0, $1) }
        } catch {
            switch error {
            case .canceled: throw .canceled
            case .tooLarge: throw bad("it has more than \(call.sizeLimit >> 10) KiB", call)
            case .broken(let error): throw failure(error, call)
            case .late:
                throw OperationFailure(
                    .slow,
                    "the container engine at \(socket.path.printable) did not answer \(call.name) within "
                        + "\(call.timeout.prewarmText)",
                    hint: "Check the engine: `\(engine.tool) info`.")
            }
        }
    }

    private func request(_ call: EngineCall) -> HTTPClientRequest {
        let query = call.query.map { "\($0.name)=\($0.value.percentEncoded(keeping: []))" }.joined(separator: "&")
        var request = HTTPClientRequest(
            url: socket.url + engine.prefix + call.path + (query.isEmpty ? "" : "?\(query)"))
        request.method = call.method
        // The servers refuse a request without this header.
        request.headers.add(name: "Host", value: "localhost")
        request.headers.add(name: "User-Agent", value: "prewarm")
        for (name, value) in call.headers { request.headers.add(name: name, value: value) }
        if let body = call.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(Array(body.compactJSON.utf8))
        }
        return request
    }

    // MARK: Failures

    /// Returns the failure of an answer that does not follow the API.
    func bad(_ reason: String, _ call: EngineCall) -> OperationFailure {
        OperationFailure(
            .badAnswer,
            "cannot use the answer of the container engine at \(socket.path.printable) to \(call.name): \(reason)",
            hint: "Check that Docker or Podman listens at the socket.")
    }

    private func failure(_ error: any Error, _ call: EngineCall) -> OperationFailure {
        switch error {
        case let failure as OperationFailure: return failure
        case is CancellationError: return .canceled
        case let error as IOError: return connectionFailure(error.errnoCode, call)
        case let error as NIOConnectionError:
            let number = error.connectionErrors.lazy.compactMap { ($0.error as? IOError)?.errnoCode }.first
            return number.map(socket.failure) ?? bad("no connection", call)
        case let error as HTTPClientError where error == .cancelled: return .canceled
        case let error as HTTPClientError where error == .connectTimeout:
            return OperationFailure(
                .slow, "the container engine at \(socket.path.printable) accepts no connection",
                hint: "Check the engine: `\(engine.tool) info`.")
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            return closed(call)
        case HTTPParserError.invalidEOFState: return closed(call)
        case is HTTPParserError: return bad("it is no HTTP", call)
        case let error as HTTPClientError: return bad(error.shortDescription.lowercased(), call)
        default: return bad(String(String(describing: error).printable.prefix(200)), call)
        }
    }

    /// Returns the failure of a connection. One that broke during an answer is an engine that stopped.
    private func connectionFailure(_ number: Int32, _ call: EngineCall) -> OperationFailure {
        [.brokenPipe, .connectionReset].contains(SystemFailure(number)) ? closed(call) : socket.failure(number)
    }

    private func closed(_ call: EngineCall) -> OperationFailure {
        OperationFailure(
            .slow, "the container engine at \(socket.path.printable) closed the connection during \(call.name)",
            hint: "Check the engine: `\(engine.tool) info`.")
    }
}

extension EngineCall {
    /// The call for messages, for example `GET /containers/json`.
    var name: String { "\(method.rawValue) \(path.prefix(120))" }
}
