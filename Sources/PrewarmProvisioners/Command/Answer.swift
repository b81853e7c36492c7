import PrewarmCore
import PrewarmEngine

/// What a command that exited with 0 says on standard output.
enum Answer {
    /// Its outcome: `failed` where the output is not what the contract asks for.
    static func outcome(of output: [UInt8], to operation: ProvisionerOperation, _ redactor: Redactor) -> Outcome {
        guard !output.trimmed.isEmpty else { return .done(endpoint: nil, metadata: [:]) }
        guard case .object(let fields) = FinalObject.decode(JSONValue.self, from: output) else {
            return .failed(
                "standard output does not end with a JSON object; it begins with: \(beginning(of: output, redactor))")
        }
        do throws(Mistake) {
            return try outcome(of: fields, to: operation, redactor)
        } catch {
            return .failed("\(error.message) in what it printed: \(beginning(of: output, redactor))")
        }
    }

    private struct Mistake: Error {
        let message: String
    }

    private static func outcome(
        of fields: [String: JSONValue], to operation: ProvisionerOperation, _ redactor: Redactor
    ) throws(Mistake) -> Outcome {
        let endpoint = try text(fields["endpoint"], "endpoint").map(redactor.redact(_:))
        let metadata = try metadata(fields["metadata"], redactor)
        let state = try text(fields["state"], "state") ?? "ready"
        switch (state, operation) {
        case ("ready", _):
            return .done(endpoint: endpoint, metadata: metadata)
        case ("starting", .create), ("starting", .start), ("starting", .claim), ("starting", .inspect):
            return .starting(endpoint: endpoint, metadata: metadata)
        case ("lost", .inspect), ("gone", .inspect):
            return .lost
        case ("lost", .delete), ("gone", .delete):
            return .done(endpoint: nil, metadata: [:])
        default:
            throw Mistake(
                message: "the state \(redactor.redact(quoted(state))) is no answer to \(operation), in place of "
                    + expected(operation))
        }
    }

    private static func expected(_ operation: ProvisionerOperation) -> String {
        switch operation {
        case .create, .start, .claim: #""ready" or "starting","#
        case .inspect: #""ready", "starting" or "lost","#
        case .delete: #""ready" or "gone","#
        case .stop, .list: #""ready","#
        }
    }

    private static func text(_ value: JSONValue?, _ field: String) throws(Mistake) -> String? {
        switch value {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw Mistake(message: "\(field) is not a string")
        }
    }

    /// Scalars become text; null counts as absent.
    private static func metadata(_ value: JSONValue?, _ redactor: Redactor) throws(Mistake) -> [String: String] {
        var metadata: [String: String] = [:]
        switch value {
        case nil, .null: return [:]
        case .object(let members):
            for (name, member) in members {
                switch member {
                case .null: continue
                case .boolean(let flag): metadata[redactor.redact(name)] = String(flag)
                case .integer(let number): metadata[redactor.redact(name)] = String(number)
                case .number(let number): metadata[redactor.redact(name)] = String(number)
                case .string(let text): metadata[redactor.redact(name)] = redactor.redact(text)
                case .array, .object:
                    throw Mistake(message: "metadata.\(redactor.redact(name)) is not a string, number or boolean")
                }
            }
            return metadata
        default: throw Mistake(message: "metadata is not an object")
        }
    }

    private static func quoted(_ text: String) -> String { JSONWriter.quoted(String(text.prefix(100))) }

    /// At most 200 characters, on one line.
    static func beginning(of output: [UInt8], _ redactor: Redactor) -> String {
        let text = redactor.redact(output.trimmed)
        let start = text.prefix(200)
        return JSONWriter.quoted(String(start)) + (start.endIndex < text.endIndex ? "…" : "")
    }
}

/// The answer to `list`.
struct ListDocument: Decodable {
    struct Item: Decodable {
        let id: String
        let state: String?
        let store: String?
    }

    let workspaces: [Item]
}
