internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import PrewarmCore
internal import PrewarmEngine

/// Sends requests to one receiver and returns its answers. Texts in an answer contain no secret.
struct Delivery: Sendable {
    private let client: HTTPClient
    private let redaction: SinkRedaction
    private let agent: String
    private let timeout: Duration
    private let clock: any EngineClock

    /// - Parameter timeout: The limit of one attempt, from the connection to the end of the answer.
    init(
        _ client: HTTPClient, redaction: SinkRedaction, agent: String, timeout: Duration, clock: any EngineClock
    ) {
        self.clock = clock
        self.client = client
        self.redaction = redaction
        self.agent = agent
        self.timeout = timeout
    }

    /// Returns the configuration of the HTTP client. Redirects are not followed, so that no other host gets a secret.
    /// - Throws: ``SinkError`` if `caFile` cannot be read.
    static func configuration(_ settings: SinkSettings) throws(SinkError) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = settings.caFile {
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
            } catch {
                throw SinkError(
                    settings.name, "cannot read the certificates in \(file)",
                    hint: "set `caFile` to a readable PEM file with certificates")
            }
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10), read: .seconds(30)))
        // SinkMachine decides when to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// Sends a request within the timeout, and returns the answer.
    func send(_ request: OutgoingRequest, by sink: any Sink, now: Timestamp) async -> SinkMachine.Answer {
        await withTaskGroup(of: SinkMachine.Answer?.self) { group in
            group.addTask { await attempt(request, by: sink, now: now) }
            group.addTask {
                guard (try? await clock.sleep(for: timeout)) != nil else { return nil }
                return .failed(after: nil, why: "no answer within \(timeout.prewarmText)")
            }
            defer { group.cancelAll() }
            while let outcome = await group.next() {
                if let outcome { return outcome }
            }
            return .failed(after: nil, why: "the attempt was canceled")
        }
    }

    private func attempt(_ request: OutgoingRequest, by sink: any Sink, now: Timestamp) async -> SinkMachine.Answer {
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

    private func outcome(_ response: HTTPClientResponse, by sink: any Sink, now: Timestamp) async -> SinkMachine.Answer
    {
        let status = Int(response.status.code)
        if (200..<300).contains(status) { return .delivered }
        let body = await beginning(of: response)
        if sink.accepts(status: status, body: body) { return .delivered }
        let text = redaction.clean(body)
        let why = "the receiver answered with status \(status)\(text.isEmpty ? "" : ": \(text)")"
        let after = response.headers.first(name: "retry-after").flatMap { RetryAfter.duration($0, now: now) }
        switch status {
        case 410: return .gone
        case 408, 425, 429, 500...: return .failed(after: after, why: why)
        // GitHub uses status 403 with Retry-After for its rate limits.
        case 403 where after != nil: return .failed(after: after, why: why)
        case 300..<400:
            return .refused(
                why: "the receiver answered with status \(status), a redirect, which prewarm does not follow: "
                    + "set `url` to the final address")
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
            // The part that was received is enough for a message.
        }
        if bytes.count >= 2048 { bytes.removeLast(min(redaction.longest, bytes.count)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func describe(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: "the request failed: \(error.shortDescription)"
        case let error as NIOConnectionError: "cannot connect to \(error.host):\(error.port)"
        case let error as NIOSSLError: "TLS failed: \(error)"
        case let error as BoringSSLError: "TLS failed: \(error)"
        case let error as IOError: "the connection failed: \(error)"
        default: "the request failed: \(error)"
        }
    }
}
