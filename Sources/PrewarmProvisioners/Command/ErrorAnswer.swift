import PrewarmCore
import PrewarmEngine

/// The error that a command can print at the end of its standard output:
/// `{"error": {"class": "outage", "retryAfter": "5m", "message": "…"}}`.
enum ErrorAnswer {
    /// The longest message in bytes.
    private static let messageLimit = 4096

    /// Returns the error in the output; nil if the output does not end with one, or if its class is unknown.
    static func error(in output: [UInt8], _ redactor: Redactor) -> ProviderError? {
        answer(in: output).flatMap { error(of: $0, redactor) }
    }

    /// Returns the message of the error in the output, whatever its class is; nil if the output does not end with an error
    /// that has one.
    static func message(in output: [UInt8], _ redactor: Redactor) -> String? {
        answer(in: output).flatMap { $0["error"] }.flatMap { message(of: $0, redactor) }
    }

    /// Returns the error of an answer; nil if it has none, or if its class is unknown.
    static func error(of answer: Value, _ redactor: Redactor) -> ProviderError? {
        guard let fields = answer["error"], case .object = fields,
            let kind = fields.text("class").flatMap({ ProviderError.Kind(rawValue: $0) })
        else { return nil }
        let pause = fields.text("retryAfter").flatMap { Duration(prewarm: $0) }
        return ProviderError(
            kind, message(of: fields, redactor) ?? "the provisioner reports an error of the class \(kind.rawValue)",
            retryAfter: pause)
    }

    private static func message(of fields: Value, _ redactor: Redactor) -> String? {
        guard case .object = fields, let text = fields.text("message"), !text.isEmpty else { return nil }
        return redactor.redact(text).limited(to: messageLimit)
    }

    /// Returns the last object of the output; nil if the output has no object.
    private static func answer(in output: [UInt8]) -> Value? {
        do throws(FinalObject.Failure) {
            let object = try FinalObject(output)
            return object.isEmpty ? nil : try object.read(document)
        } catch {
            return nil
        }
    }

    private static func document(_ bytes: [UInt8], from start: Int) throws(JSONReader.Failure) -> Value {
        try JSONReader.read(bytes, from: start, JSONReader.Options(depthLimit: FinalObject.depthLimit))
    }
}
