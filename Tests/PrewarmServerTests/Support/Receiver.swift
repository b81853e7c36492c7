import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOSSL
import Synchronization

/// A web server on loopback that keeps the requests and gives prepared answers.
final class Receiver: Sendable {
    struct Request: Sendable {
        let path: String
        /// The fields, with names in lower case.
        let headers: [String: String]
        let body: String
        let at = ContinuousClock.now

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) ?? [:]
        }
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [String: String] = [:]
        var body = ""
        var delay = Duration.zero
    }

    private struct State {
        var requests: [Request] = []
        var answers: [Answer] = []
        var port = 0
    }

    private let state = Mutex(State())

    var requests: [Request] { state.withLock(\.requests) }
    var url: String { "http://127.0.0.1:\(state.withLock(\.port))" }

    /// Runs a receiver until the body returns.
    /// - Parameter answers: The answers to the first requests, in order. Later requests get status 200.
    /// - Parameter certificate: A PEM file with certificate and key, for https.
    static func run(
        _ answers: [Answer] = [], certificate: String? = nil, _ body: (Receiver) async throws -> Void
    ) async throws {
        let receiver = Receiver()
        receiver.state.withLock { $0.answers = answers }
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: CallbackResponder { (request, _: BasicRequestContext) in try await receiver.answer(request) },
            server: try server(certificate),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "receiver") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            for await port in ports {
                receiver.state.withLock { $0.port = port }
                break
            }
            let result: Result<Void, any Error>
            do { result = .success(try await body(receiver)) } catch { result = .failure(error) }
            group.cancelAll()
            while (try? await group.next()) != nil {}
            try result.get()
        }
    }

    private static func server(_ certificate: String?) throws -> HTTPServerBuilder {
        guard let certificate else { return .http1() }
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: certificate, format: .pem)))
        return try .tls(tlsConfiguration: configuration)
    }

    private func answer(_ request: Hummingbird.Request) async throws -> Response {
        let bytes = try await request.body.collect(upTo: 1 << 20)
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        let seen = Request(path: request.uri.string, headers: headers, body: String(buffer: bytes))
        let answer = state.withLock { state in
            state.requests.append(seen)
            return state.answers.isEmpty ? Answer() : state.answers.removeFirst()
        }
        if answer.delay > .zero { try await Task.sleep(for: answer.delay) }
        var fields = HTTPFields()
        for (name, value) in answer.headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        return Response(
            status: .init(code: answer.status), headers: fields,
            body: .init(byteBuffer: ByteBuffer(string: answer.body)))
    }
}

/// Waits until the condition is true, at least 60 seconds. Returns false if it stays false.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<6000 {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}
