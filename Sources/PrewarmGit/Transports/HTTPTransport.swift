import AsyncHTTPClient
import Dispatch
import NIOCore
import NIOHTTP1
import NIOSSL
import PrewarmEngine

/// The way to a repository by https, or by http to this machine (https://git-scm.com/docs/http-protocol).
///
/// The login is sent with the first request, and only to the host and port of the URL.
final class HTTPTransport: RemoteTransport {
    private let settings: GitSettings
    private let url: RepositoryURL
    private let watch: Watch
    private let login: GitLogin?
    private let redaction: Redaction
    private let configuration: HTTPClient.Configuration
    /// The client, from the first request on.
    private var client: HTTPClient?
    /// The path of the repository, which a redirect may change, and its query.
    private var path: String
    private let query: String?
    fileprivate var problem: HTTPProblem?

    var isStateless: Bool { true }

    /// - Throws: `.refused` if the proxy or a certificate cannot be used.
    init(
        _ settings: GitSettings, url: RepositoryURL, login: GitLogin?, watch: Watch, redaction: Redaction
    ) throws(GitFailure) {
        self.settings = settings
        self.url = url
        self.watch = watch
        self.login = login
        self.redaction = redaction
        let parts = url.remotePath.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
            .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0]).withoutLastSlashes
        query = parts.count > 1 ? String(parts[1]) : nil
        configuration = try HTTPClientSettings(settings, url).configuration()
    }

    deinit { close() }

    func open(isListing: Bool) throws(TransportEnd) -> any RemoteStream {
        HTTPStream(self, isListing: isListing)
    }

    func close() {
        client?.shutdown(queue: .global()) { _ in }
        client = nil
    }

    func failure(of operation: String) -> GitFailure? {
        problem.map { problem in
            HTTPFailure(
                settings: settings, url: url, operation: operation, hasLogin: login != nil, redaction: redaction
            ).failure(of: problem)
        }
    }

    /// The most redirects of one request.
    private static let mostRedirects = 5

    /// Sends the request, follows redirects on the same server, and returns the answer of a repository.
    fileprivate func send(isListing: Bool, _ body: [UInt8]) throws(TransportEnd) -> HTTPAnswer {
        for _ in 0...Self.mostRedirects {
            let answer = try sendOnce(isListing: isListing, body)
            let head: HTTPResponseHead
            do throws(TransportEnd) {
                switch try answer.exchange.head(watch) {
                case .head(let found): head = found
                case .end(.failure(let error)): throw note(.broken(error))
                case .end, .part: throw note(.broken(HTTPClientError.remoteConnectionClosed))
                }
            } catch {
                answer.end()
                throw error
            }
            if head.status == .ok {
                let type = head.headers.first(name: "Content-Type")?.lowercased().prefix { $0 != ";" } ?? ""
                let wanted = "application/x-git-upload-pack-\(isListing ? "advertisement" : "result")"
                if type == wanted { return answer }
                answer.end()
                throw note(.otherContent)
            }
            answer.end()
            guard isListing, [301, 302, 303, 307, 308].contains(head.status.code),
                let location = head.headers.first(name: "Location")
            else {
                throw note((300..<400).contains(head.status.code) ? .redirect : .status(Int(head.status.code)))
            }
            path = try target(of: location)
        }
        throw note(.redirect)
    }

    /// Returns the path of the repository in a redirect on the same server.
    private func target(of location: String) throws(TransportEnd) -> String {
        var target = location
        if !location.hasPrefix("/") || location.hasPrefix("//") {
            guard let other = try? RepositoryURL(location, allowFile: false), other.scheme == url.scheme,
                other.host == url.host, other.port == url.port
            else { throw note(.redirect) }
            target = other.remotePath
        }
        let path = target.prefix { $0 != "?" && $0 != "#" }
        guard path.hasSuffix(Self.listing) else { throw note(.otherContent) }
        return String(path.dropLast(Self.listing.count))
    }

    private static let listing = "/info/refs"

    private func sendOnce(isListing: Bool, _ body: [UInt8]) throws(TransportEnd) -> HTTPAnswer {
        let service = "git-upload-pack"
        let rest = query.map { isListing ? "&\($0)" : "?\($0)" } ?? ""
        let place = "\(url.scheme.rawValue)://\(url.address)\(path)"
        let request: HTTPClient.Request
        do {
            request =
                isListing
                ? try HTTPClient.Request(
                    url: "\(place)\(Self.listing)?service=\(service)\(rest)", headers: headers([("Accept", "*/*")]))
                : try HTTPClient.Request(
                    url: "\(place)/\(service)\(rest)", method: .POST,
                    headers: headers([
                        ("Content-Type", "application/x-\(service)-request"),
                        ("Accept", "application/x-\(service)-result"),
                    ]), body: .bytes(body))
        } catch {
            throw note(.broken(error))
        }
        let client = self.client ?? HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.client = client
        let exchange = HTTPExchange()
        watch.setWake { exchange.wake() }
        return HTTPAnswer(exchange: exchange, task: client.execute(request: request, delegate: exchange))
    }

    private func headers(_ more: [(String, String)]) -> HTTPHeaders {
        // Some forges answer only to programs whose name begins with git.
        var headers = HTTPHeaders([("User-Agent", "git/2.0 (prewarm)"), ("Pragma", "no-cache")] + more)
        if let login { headers.add(name: "Authorization", value: "Basic \(login.basicCredentials)") }
        return headers
    }

    fileprivate func note(_ problem: HTTPProblem) -> TransportEnd {
        if self.problem == nil { self.problem = problem }
        watch.note(.closed)
        return TransportEnd()
    }

    /// Ends a request. libgit2 does not read the end of an answer.
    fileprivate func finish(_ answer: HTTPAnswer) {
        if problem != nil || !answer.exchange.drain(watch) { answer.end() }
    }

    fileprivate func read(_ answer: HTTPAnswer) throws(TransportEnd) -> ByteBuffer? {
        switch try answer.exchange.next(watch) {
        case .part(let part):
            guard watch.count(part.readableBytes) else { throw TransportEnd() }
            return part
        case .end(.success), .head: return nil
        case .end(.failure(let error)): throw note(.broken(error))
        }
    }
}

/// A request that was sent, and its answer.
private struct HTTPAnswer {
    let exchange: HTTPExchange
    let task: HTTPClient.Task<Void>

    /// Ends the request if it still runs.
    func end() {
        task.cancel()
        exchange.abandon()
    }
}

/// One request and its answer as a stream. libgit2 writes the whole request first.
private final class HTTPStream: RemoteStream {
    private let transport: HTTPTransport
    private let isListing: Bool
    private var body: [UInt8] = []
    private var answer: HTTPAnswer?
    private var rest = ByteBuffer()

    init(_ transport: HTTPTransport, isListing: Bool) {
        self.transport = transport
        self.isListing = isListing
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(TransportEnd) {
        body += bytes
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportEnd) -> Int {
        if answer == nil { answer = try transport.send(isListing: isListing, body) }
        guard let answer else { return 0 }
        while rest.readableBytes == 0 {
            guard let part = try transport.read(answer) else { return 0 }
            rest = part
        }
        return rest.readWithUnsafeReadableBytes { bytes in
            let count = min(bytes.count, buffer.count)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
            return count
        }
    }

    func finish() {
        if let answer { transport.finish(answer) }
    }
}

extension String {
    fileprivate var withoutLastSlashes: String {
        var text = self[...]
        while text.hasSuffix("/") { text = text.dropLast() }
        return String(text)
    }
}
