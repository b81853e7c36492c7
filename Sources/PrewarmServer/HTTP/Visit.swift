internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
import PrewarmCore
import PrewarmEngine

/// One request and who sent it.
struct Visit {
    let request: Request
    let id: String
    let client: ClientAddress
    /// The connection that it came by.
    let channel: any Channel
    let bodies: BodyBudget

    /// Throws where the request does not name the host that it is for exactly once, in the form of a host and port
    /// (RFC 9112, 3.2).
    func checkHost() throws(Problem) {
        let hosts = [request.head.authority].compactMap { $0 } + request.headers[values: .host]
        guard hosts.count == 1, HostName.isValid(hosts[0]) else {
            throw Problem(
                "BadHost", status: 400, "the request does not name its host in one valid field Host",
                hint: "send Host: with the name or address of the daemon, once")
        }
    }

    /// The decoded parts of the path.
    /// - Throws: where a part can't be decoded, or leads elsewhere.
    func path() throws(Problem) -> [String] {
        var parts: [String] = []
        for part in request.uri.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let text = Self.decoded(part), text != "..", text != ".", !text.contains("\0") else {
                throw Problem("BadPath", status: 400, "the path can't be read", hint: "encode what stands in it")
            }
            parts.append(text)
        }
        if parts.last == "" { parts.removeLast() }
        return parts
    }

    /// Each name once.
    func query() throws(Problem) -> [String: String] {
        var values: [String: String] = [:]
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(sides[0], plusIsSpace: true),
                let value = Self.decoded(sides.count > 1 ? sides[1] : "", plusIsSpace: true)
            else { throw Problem("BadQuery", status: 400, "the query can't be read", hint: "encode what stands in it") }
            guard values.updateValue(value, forKey: name) == nil else {
                throw Problem("BadQuery", status: 400, "the query has \"\(name.prefix(80))\" twice")
            }
        }
        return values
    }

    private static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        let spaced = plusIsSpace ? text.replacingOccurrences(of: "+", with: " ") : String(text)
        return spaced.removingPercentEncoding
    }

    func require(_ methods: [HTTPRequest.Method]) throws(Problem) {
        guard methods.contains(request.method) else {
            throw Problem.methodNotAllowed(methods.map(\.rawValue))
        }
    }

    /// The length that the body is said to have; nil where the request does not say it.
    var contentLength: Int? {
        if let text = request.headers[.contentLength] { return Int(text) }
        return request.headers[.transferEncoding] == nil ? 0 : nil
    }

    /// Reads all of the body, once there is memory for it.
    ///
    /// - Parameter sender: whose share of the memory it takes.
    /// - Throws: ``Problem`` where it is larger than the limit, slower than allowed, damaged, or one too many.
    func body(limit: Int, time: Duration, from sender: BodyBudget.Sender) async throws -> [UInt8] {
        let tooLarge = Problem(
            "BodyTooLarge", status: 413, "the body is larger than \(limit / 1024) KiB", hint: "send less at once")
        let length = contentLength ?? limit
        guard length > 0 else { return [] }
        guard length <= limit else { throw tooLarge }
        return try await bodies.holding(length, for: sender) {
            channel.triggerUserOutboundEvent(BodyWanted(), promise: nil)
            return try await withThrowingTaskGroup(of: [UInt8].self) { group in
                group.addTask { [request] in
                    var bytes: [UInt8] = []
                    for try await part in request.body {
                        guard bytes.count + part.readableBytes <= limit else { throw tooLarge }
                        bytes.append(contentsOf: part.readableBytesView)
                    }
                    return bytes
                }
                group.addTask {
                    try await Task.sleep(for: time)
                    throw Problem("BodyTooSlow", status: 408, "the body did not arrive within \(time)")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? []
            }
        }
    }

    /// The JSON document that a caller who was let in has sent; nil where nothing was.
    func document() async throws -> Value? {
        guard contentLength != 0 else { return nil }
        let type = (request.headers[.contentType] ?? "").lowercased().split(separator: ";").first ?? ""
        guard type == "application/json" || type.hasSuffix("+json") else {
            throw Problem(
                "UnsupportedMediaType", status: 415, "the body is not said to be JSON",
                hint: "send Content-Type: application/json")
        }
        let bytes = try await body(limit: Door.bodyLimit, time: Door.bodyTime, from: .known)
        guard !bytes.isEmpty else { return nil }
        do {
            return try JSONReader.read(bytes, depthLimit: Door.bodyDepth)
        } catch {
            throw Problem(
                "BadBody", status: 400, "the body is no JSON: at byte \(error.offset) expected \(error.expected)")
        }
    }
}
