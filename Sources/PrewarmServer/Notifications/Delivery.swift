internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import PrewarmCore

/// Sends requests, and says what became of them without a secret in it.
struct Delivery: Sendable {
    enum Outcome: Hashable, Sendable {
        case delivered
        /// - after: as the receiver asks for; nil: it doesn't.
        case failed(after: Duration?, why: String)
        /// It will never be taken.
        case refused(why: String)
        /// The receiver wants no more of any kind (410).
        case gone
    }

    private let client: HTTPClient
    private let redaction: SinkRedaction
    private let agent: String
    private let timeout: Duration

    /// - Parameter timeout: of all of one attempt.
    init(_ client: HTTPClient, redaction: SinkRedaction, agent: String, timeout: Duration) {
        self.client = client
        self.redaction = redaction
        self.agent = agent
        self.timeout = timeout
    }

    /// Redirects are not followed, so that a secret goes to no other host.
    static func configuration(_ settings: SinkSettings) throws(SinkError) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = settings.caFile {
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
            } catch {
                throw SinkError(
                    settings.name, "the certificates in \(file) can't be read",
                    hint: "caFile names a file with certificates as PEM")
            }
        }
        return HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10), read: .seconds(30)))
    }

    func send(_ request: OutgoingRequest, by sink: any Sink, now: Timestamp) async -> Outcome {
        await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await attempt(request, by: sink, now: now) }
            group.addTask {
                guard (try? await Task.sleep(for: timeout)) != nil else { return nil }
                return .failed(after: nil, why: "there was no answer within \(timeout.prewarmText)")
            }
            defer { group.cancelAll() }
            while let outcome = await group.next() {
                if let outcome { return outcome }
            }
            return .failed(after: nil, why: "it was interrupted")
        }
    }

    private func attempt(_ request: OutgoingRequest, by sink: any Sink, now: Timestamp) async -> Outcome {
        var outgoing = HTTPClientRequest(url: request.address.text)
        outgoing.method = .POST
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        outgoing.headers.add(name: "user-agent", value: agent)
        outgoing.body = .bytes(request.body)
        do {
            let response = try await client.execute(outgoing, timeout: .milliseconds(timeout.wholeMilliseconds))
            return await outcome(response, by: sink, now: now)
        } catch {
            return .failed(after: nil, why: redaction.clean(Self.describe(error)))
        }
    }

    private func outcome(_ response: HTTPClientResponse, by sink: any Sink, now: Timestamp) async -> Outcome {
        let status = Int(response.status.code)
        if (200..<300).contains(status) { return .delivered }
        let body = await beginning(of: response)
        if sink.accepts(status: status, body: body) { return .delivered }
        let text = redaction.clean(body)
        let why = "the answer was \(status)\(text.isEmpty ? "" : ": \(text)")"
        let after = response.headers.first(name: "retry-after").flatMap { RetryAfter.duration($0, now: now) }
        switch status {
        case 410: return .gone
        case 408, 425, 429, 500...: return .failed(after: after, why: why)
        // GitHub says so where it is asked too often.
        case 403 where after != nil: return .failed(after: after, why: why)
        case 300..<400:
            return .refused(
                why: "the answer was \(status), a redirect, which is not followed: configure the final address")
        default: return .refused(why: why)
        }
    }

    private func beginning(of response: HTTPClientResponse) async -> String {
        var bytes: [UInt8] = []
        do {
            for try await part in response.body {
                bytes += part.readableBytesView.prefix(2048 - bytes.count)
                if bytes.count >= 2048 { break }
            }
        } catch {
            // What came of it is enough.
        }
        if bytes.count >= 2048 { bytes.removeLast(min(redaction.longest, bytes.count)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func describe(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: "the request failed: \(error.shortDescription)"
        case let error as NIOConnectionError: "\(error.host):\(error.port) can't be reached"
        case let error as NIOSSLError: "TLS failed: \(error)"
        case let error as BoringSSLError: "TLS failed: \(error)"
        case let error as IOError: "the connection failed: \(error)"
        default: "the request failed: \(error)"
        }
    }
}
