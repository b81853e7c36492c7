import PrewarmCore
import PrewarmEngine

/// The error that a command can print at the end of its standard output:
/// `{"error": {"class": "outage", "retryAfter": "5m", "message": "…"}}`.
struct ErrorAnswer {
    /// The longest message in bytes.
    private static let messageLimit = 4096

    /// The message; nil if the error has none.
    let message: String?
    /// The error with its class; nil if the error has no known class.
    let error: ProviderError?

    /// Reads the error at the end of the output; nil if the output does not end with one.
    init?(in output: [UInt8], _ redactor: Redactor) {
        guard let fields = Self.fields(in: output) else { return nil }
        let text = fields.text("message") ?? ""
        message = text.isEmpty ? nil : redactor.redact(text).limited(to: Self.messageLimit)
        error = fields.text("class").flatMap { ProviderError.Kind(rawValue: $0) }.map { [message] kind in
            ProviderError(
                kind, message ?? "the provisioner reports an error of the class \(kind.rawValue)",
                retryAfter: fields.text("retryAfter").flatMap { Duration(prewarm: $0) })
        }
    }

    private static func fields(in output: [UInt8]) -> Value? {
        do throws(FinalObject.Failure) {
            let object = try FinalObject(output)
            guard !object.isEmpty, let fields = try object.read(document)["error"], case .object = fields else {
                return nil
            }
            return fields
        } catch {
            return nil
        }
    }

    private static func document(_ bytes: [UInt8], from start: Int) throws(JSONReader.Failure) -> Value {
        try JSONReader.read(bytes, from: start, JSONReader.Options(depthLimit: FinalObject.depthLimit))
    }
}
