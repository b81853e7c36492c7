internal import Foundation
internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// An HTTP request with its client and its connection.
struct RequestContext {
    let request: Request
    /// The id of the request in logs.
    let id: String
    let client: ClientAddress
    /// The connection of the request.
    let channel: any Channel
    let bodies: BodyBudget

    /// Checks that the request names its host exactly once (RFC 9112, section 3.2).
    ///
    /// - Throws: ``Problem`` with the status 400.
    func checkHost() throws(Problem) {
        let hosts = [request.head.authority].compactMap { $0 } + request.headers[values: .host]
        guard hosts.count == 1, HostName.isValid(hosts[0]) else {
            throw Problem(
                "BadHost", status: 400,
                "invalid header Host: the request must have it exactly once, with a host and an optional port",
                hint: "send the name or the address of the daemon in the header Host")
        }
    }

    /// Returns the decoded parts of the path.
    ///
    /// - Throws: ``Problem`` with the status 400 if a part cannot be decoded, or is `.` or `..`.
    func path() throws(Problem) -> [String] {
        var parts: [String] = []
        for part in request.uri.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let text = Self.decoded(part), text != "..", text != ".", !text.contains("\0") else {
                throw Problem(
                    "BadPath", status: 400,
                    "invalid path: a part is not valid percent-encoded text, or is `.` or `..`, or contains NUL",
                    hint: "percent-encode the names in the path")
            }
            parts.append(text)
        }
        if parts.last == "" { parts.removeLast() }
        return parts
    }

    /// Returns the decoded parameters of the query.
    ///
    /// - Throws: ``Problem`` with the status 400 if a parameter cannot be decoded, or is given twice.
    func query() throws(Problem) -> [String: String] { try Self.parameters(request.uri.query ?? "", of: "query") }

    /// Returns the decoded parameters of a text of the form `a=1&b=2`.
    ///
    /// - Parameter place: The place of the text for messages: `query` or `form`.
    /// - Throws: ``Problem`` with the status 400 if a parameter cannot be decoded, or is given twice.
    static func parameters(_ text: String, of place: String) throws(Problem) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(sides[0], plusIsSpace: true),
                let value = Self.decoded(sides.count > 1 ? sides[1] : "", plusIsSpace: true)
            else {
                throw Problem(
                    "BadQuery", status: 400, "invalid \(place): it is not valid percent-encoded text",
                    hint: "percent-encode the names and values in the \(place)")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw Problem(
                    "BadQuery", status: 400, "invalid \(place): the parameter \"\(name.prefix(80))\" is given twice",
                    hint: "give each parameter once")
            }
        }
        return values
    }

    private static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        let spaced = plusIsSpace ? text.replacingOccurrences(of: "+", with: " ") : String(text)
        return spaced.removingPercentEncoding
    }

    /// Checks that the request has one of these methods.
    ///
    /// - Throws: ``Problem`` with the status 405.
    func require(_ methods: [HTTPRequest.Method]) throws(Problem) {
        guard methods.contains(request.method) else {
            throw Problem.methodNotAllowed(methods.map(\.rawValue))
        }
    }

    /// The length of the body, in bytes, from the header; nil if the header does not give it.
    var contentLength: Int? {
        if let text = request.headers[.contentLength] { return Int(text) }
        return request.headers[.transferEncoding] == nil ? 0 : nil
    }

    /// Reads the whole body.
    ///
    /// - Parameters:
    ///   - limit: The most bytes of the body.
    ///   - time: The time limit for the whole body.
    ///   - sender: The sender, whose share of ``BodyBudget`` is used.
    /// - Throws: ``Problem`` with the status 413 if the body is too large, 408 if it is too slow, or 503 if too many bodies
    ///   are being read.
    func body(limit: Int, time: Duration, from sender: BodyBudget.Sender) async throws -> [UInt8] {
        let tooLarge = Problem(
            "BodyTooLarge", status: 413, "invalid body: it must have at most \(limit / 1024) KiB",
            hint: "send a smaller body")
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
                    throw Problem(
                        "BodyTooSlow", status: 408,
                        "cannot read the body: it did not arrive within \(time.components.seconds)s",
                        hint: "send the whole body at once")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? []
            }
        }
    }

    /// Returns the JSON document in the body of an authenticated caller's request, or nil if the body is empty.
    ///
    /// - Throws: ``Problem``
    func document() async throws -> Value? {
        guard contentLength != 0 else { return nil }
        let type = (request.headers[.contentType] ?? "").lowercased().split(separator: ";").first ?? ""
        guard type == "application/json" || type.hasSuffix("+json") else {
            throw Problem(
                "UnsupportedMediaType", status: 415, "invalid header Content-Type: it must be application/json",
                hint: "send `Content-Type: application/json`")
        }
        let bytes = try await body(limit: RequestHandler.bodyLimit, time: RequestHandler.bodyTime, from: .known)
        guard !bytes.isEmpty else { return nil }
        do {
            return try JSONReader.read(bytes, depthLimit: RequestHandler.bodyDepth)
        } catch {
            throw Problem(
                "BadBody", status: 400,
                "invalid body: it is not JSON: expected \(error.expected) at byte \(error.offset)")
        }
    }
}
