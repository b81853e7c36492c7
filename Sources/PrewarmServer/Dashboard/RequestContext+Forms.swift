internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
import PrewarmEngine

extension RequestContext {
    /// The host that the client asks, with its port.
    var host: String? { request.head.authority ?? request.headers[.host] }

    /// The address of the other end of the connection.
    var peer: String { channel.remoteAddress?.ipAddress ?? "" }

    /// True if a person opens a page, and false if a script of a page makes the request.
    var isNavigation: Bool { request.headers[.secFetchMode].map { $0 == "navigate" } ?? true }

    /// Returns the value of a cookie; nil if the request does not have it.
    func cookie(_ name: String) -> String? { cookies.first { $0.name == name }?.value }

    /// The cookies of the request in their order.
    var cookies: [(name: String, value: String)] {
        request.headers[values: .cookie].flatMap { field in
            field.split(separator: ";").compactMap { pair in
                let sides = pair.split(separator: "=", maxSplits: 1)
                return sides.count == 2 ? (sides[0].filter { $0 != " " }, String(sides[1])) : nil
            }
        }
    }

    /// Reads the fields of a form.
    ///
    /// - Throws: ``Problem`` if the body is not a form, or is too large or too slow.
    func form(from sender: BodyBudget.Sender) async throws -> [String: String] {
        let type = (request.headers[.contentType] ?? "").lowercased().split(separator: ";").first ?? ""
        guard type == "application/x-www-form-urlencoded" else {
            throw Problem(
                "UnsupportedMediaType", status: 415,
                "invalid header Content-Type: it must be application/x-www-form-urlencoded")
        }
        let bytes = try await body(limit: RequestHandler.formLimit, time: RequestHandler.bodyTime, from: sender)
        return try Self.parameters(String(decoding: bytes, as: UTF8.self), of: "form")
    }
}

extension HTTPField.Name {
    fileprivate static let secFetchMode = HTTPField.Name("Sec-Fetch-Mode") ?? .userAgent
}
