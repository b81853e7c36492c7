import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PrewarmCore
import PrewarmEngine

/// One call of the Kubernetes API.
struct KubernetesCall: Sendable {
    var method = HTTPMethod.GET
    /// The path after the URL of the API server, for example `/api/v1/namespaces/dev/pods`.
    var path: String
    var query: [(name: String, value: String)] = []
    var body: Value?
    var contentType = "application/json"
    /// The longest time from the call to the end of the answer.
    var timeout = Duration.seconds(60)
    /// The largest answer in bytes.
    var sizeLimit = 8 << 20

    /// The call for messages, for example `GET /api/v1/namespaces/dev/pods`.
    var name: String { "\(method.rawValue) \(path.printable.limited(to: 200))" }
}

/// A client of the API server of a Kubernetes cluster.
///
/// The answers are not trusted: each one is limited in time and size, and JSON also in depth.
struct KubernetesClient: Sendable {
    let connection: ClusterConnection
    /// The namespace of the objects.
    let namespace: String
    private let http: HTTPClient

    /// The deepest JSON of an answer. Objects of custom resources nest up to about 30 levels.
    static let depthLimit = 64
    /// The number of attempts of a call that the API server asks to repeat.
    private static let attempts = 4
    /// The longest pause between two attempts. A longer one is left to the queue of operations.
    private static let longestPause = Duration.seconds(5)

    /// Reads the files, connects to the cluster, passes both to `body`, and closes all connections. If the cluster refuses a
    /// login of a credential plugin or a token file, `body` runs once more with a new login.
    static func with<Result: Sendable>(
        _ settings: KubernetesSettings, _ plugins: PluginCredentials,
        _ body: (KubernetesClient, KubernetesFiles) async throws(OperationFailure) -> Result
    ) async throws(OperationFailure) -> Result {
        let loaded: Swift.Result<KubernetesFiles, OperationFailure>
        do throws(SystemFailure) {
            loaded = try await onOwnThread(settings.load)
        } catch {
            throw OperationFailure(.slow, "cannot read the files of provisioner \(settings.name): \(error)")
        }
        let files = try loaded.get()
        for isLast in [false, true] {
            let connection = try await ClusterConnection(files.access, plugins)
            let namespace = settings.spec.namespace ?? connection.namespace ?? "default"
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: connection.configuration)
            let client = KubernetesClient(connection: connection, namespace: namespace, http: http)
            let result: Swift.Result<Result, OperationFailure>
            do throws(OperationFailure) {
                result = .success(try await body(client, files))
            } catch {
                result = .failure(error)
            }
            try? await http.shutdown()
            if case .failure(let failure) = result, failure.isLoginRefused, connection.isRenewable, !isLast {
                await plugins.forget()
                continue
            }
            return try result.get()
        }
        throw .canceled
    }

    /// Makes a call that can be repeated, and returns the answer of a success, or of one of the other `statuses`. It repeats
    /// the call after a conflict, and if the API server is busy for a moment.
    /// - Parameter reason: The reason of a refusal that is an answer, too, for example `AlreadyExists`.
    func call(
        _ call: KubernetesCall, accepting statuses: Set<Int> = [], reason: String? = nil
    ) async throws(OperationFailure) -> (status: Int, document: Value) {
        for attempt in 1... {
            let (head, body) = try await stream(call, into: [UInt8]()) { (bytes, chunk) in
                bytes += chunk.readableBytesView
                return true
            }
            if (200..<300).contains(head.status) || statuses.contains(head.status) {
                return (head.status, try document(body, of: call))
            }
            if let reason, let status = try? document(body, of: call), status.text("reason") == reason {
                return (head.status, status)
            }
            let failure = refusal(head, body, of: call)
            let pause = failure.retryAfter ?? .milliseconds(100 << attempt)
            let isShort = [409, 429, 503].contains(head.status) && pause <= Self.longestPause
            guard isShort, attempt < Self.attempts else { throw failure }
            do { try await Task.sleep(for: pause) } catch { throw .canceled }
        }
        throw .canceled
    }

    /// Makes a call and passes the answer with any status to `fold` piece by piece, until `fold` returns false.
    func stream<State: Sendable>(
        _ call: KubernetesCall, into state: State,
        _ fold: @escaping @Sendable (inout State, ByteBuffer) throws -> Bool
    ) async throws(OperationFailure) -> (Exchange.Head, State) {
        do throws(Exchange.Failure) {
            let exchange = Exchange(request: request(call), timeout: call.timeout, sizeLimit: call.sizeLimit)
            return try await exchange.run(http, into: state, fold)
        } catch {
            throw failure(error, of: call)
        }
    }

    private func request(_ call: KubernetesCall) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: connection.url + call.target)
        request.method = call.method
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "prewarm")
        if let token = connection.token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body = call.body {
            request.headers.add(name: "Content-Type", value: call.contentType)
            request.body = .bytes(Array(body.compactJSON.utf8))
        }
        return request
    }

    private func document(_ body: [UInt8], of call: KubernetesCall) throws(OperationFailure) -> Value {
        do throws(JSONReader.Failure) {
            return try JSONReader.read(body, depthLimit: Self.depthLimit)
        } catch {
            throw bad("at byte \(error.offset), it has to have \(error.expected)", call)
        }
    }

    /// Returns the failure of an answer with an error status, which usually is a `Status` object.
    func refusal(_ head: Exchange.Head, _ body: [UInt8], of call: KubernetesCall) -> OperationFailure {
        let status = (try? JSONReader.read(body, depthLimit: Self.depthLimit)) ?? .null
        return OperationFailure(
            refusedBy: self, code: head.status, status, retryAfter: head.headers.first(name: "Retry-After"), call)
    }
}

extension KubernetesCall {
    /// The path with the query.
    var target: String {
        let query = query.map { "\($0.name)=\($0.value.percentEncoded(keeping: []))" }.joined(separator: "&")
        return path + (query.isEmpty ? "" : "?\(query)")
    }
}
