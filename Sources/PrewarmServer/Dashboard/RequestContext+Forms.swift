internal import HTTPTypes
internal import HummingbirdCore
internal import NIOCore
import PrewarmEngine

extension RequestContext {
    /// The host that the client asks, with its port.
    var host: String? { request.head.authority ?? request.headers[.host] }

    /// The address of the other end of the connection.
    var peer: String { channel.remoteAddress?.ipAddress ?? "" }

    /// Returns the value of a cookie; nil if the request does not have it.
    func cookie(_ name: String) -> String? {
        for field in request.headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let sides = pair.split(separator: "=", maxSplits: 1)
                if sides.count == 2, sides[0].filter({ $0 != " " }) == name { return String(sides[1]) }
            }
        }
        return nil
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
