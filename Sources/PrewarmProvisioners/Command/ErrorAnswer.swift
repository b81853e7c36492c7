import PrewarmCore
import PrewarmEngine

/// The error that a command can print at the end of its standard output:
/// `{"error": {"class": "outage", "retryAfter": "5m", "message": "…"}}`.
enum ErrorAnswer {
    /// The longest message in bytes.
    private static let messageLimit = 4096

    /// Returns the error in the output; nil if the output does not end with one, or if its class is unknown.
    static func error(in output: [UInt8], _ redactor: Redactor) -> ProviderError? {
        do throws(FinalObject.Failure) {
            let object = try FinalObject(output)
            if object.isEmpty { return nil }
            return error(of: try object.read(document), redactor)
        } catch {
            return nil
        }
    }

    /// Returns the error of an answer; nil if it has none, or if its class is unknown.
    static func error(of answer: Value, _ redactor: Redactor) -> ProviderError? {
        guard let fields = answer["error"], case .object = fields,
            let kind = fields.text("class").flatMap({ ProviderError.Kind(rawValue: $0) })
        else { return nil }
        let message = redactor.redact(fields.text("message") ?? "").limited(to: messageLimit)
        let pause = fields.text("retryAfter").flatMap { Duration(prewarm: $0) }
        return ProviderError(
            kind, message.isEmpty ? "the provisioner reports an error of the class \(kind.rawValue)" : message,
            retryAfter: pause)
    }

    private static func document(_ bytes: [UInt8], from start: Int) throws(JSONReader.Failure) -> Value {
        try JSONReader.read(bytes, from: start, JSONReader.Options(depthLimit: FinalObject.depthLimit))
    }
}
