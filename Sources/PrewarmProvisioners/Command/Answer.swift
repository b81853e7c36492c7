import PrewarmCore
import PrewarmEngine

/// The answer of a command that exited with 0, on standard output.
enum Answer {
    /// Returns the outcome in the output, and in an answer to `inspect` the time of the owner's last activity. The outcome is
    /// `failed` if the output does not follow the contract.
    static func outcome(
        of output: [UInt8], to operation: ProvisionerOperation, _ redactor: Redactor
    ) -> (outcome: Outcome, activeAt: Timestamp?) {
        do throws(FinalObject.Failure) {
            let object = try FinalObject(output)
            if object.isEmpty { return (.done(endpoint: nil, metadata: [:]), nil) }
            let document = try object.read(Self.document)
            return (outcome(of: document, output, to: operation, redactor), try? activeAt(document["activeAt"]))
        } catch {
            let message = "\(redactor.redact(error.message)); it begins with: \(beginning(of: output, redactor))"
            return (.failed(message), nil)
        }
    }

    /// Reads the member `activeAt` of an answer or of an entry of a list.
    static func activeAt(_ value: Value?) throws(Mistake) -> Timestamp? {
        switch value {
        case nil, .null: return nil
        case .string(let text):
            if let time = Timestamp(text) { return time }
        default: break
        }
        throw Mistake(message: "invalid activeAt: it must be \(timeExpectation)")
    }

    static let timeExpectation = "a time in RFC 3339, for example 2026-11-24T09:30:00Z"

    /// Returns the outcome of a handover with the credentials in the output. The output is never quoted, since it may have
    /// credentials.
    /// - Parameter redactor: The redactor, which knows the credentials.
    static func handover(of output: [UInt8], _ redactor: Redactor) -> (outcome: Outcome, credentials: [String: String])
    {
        do {
            let object = try FinalObject(output)
            if object.isEmpty { return (.done(endpoint: nil, metadata: [:]), [:]) }
            let document = try object.read(Self.document)
            let outcome = try outcome(of: document, to: .claim, redactor)
            return (outcome, try Credentials.read(document["credentials"]))
        } catch let failure as FinalObject.Failure {
            return (.failed(redactor.redact(failure.message)), [:])
        } catch let mistake as Mistake {
            return (.failed(mistake.message), [:])
        } catch let mistake as Credentials.Mistake {
            return (.failed(mistake.message), [:])
        } catch {
            return (.failed("the answer cannot be read"), [:])
        }
    }

    static let options = JSONReader.Options(depthLimit: FinalObject.depthLimit, keepsNumbers: true)

    private static func document(_ bytes: [UInt8], from start: Int) throws(JSONReader.Failure) -> Value {
        try JSONReader.read(bytes, from: start, options)
    }

    private static func outcome(
        of document: Value, _ output: [UInt8], to operation: ProvisionerOperation, _ redactor: Redactor
    ) -> Outcome {
        do throws(Mistake) {
            return try outcome(of: document, to: operation, redactor)
        } catch {
            let beginning = error.message.hasSuffix("?") ? " Standard" : "; standard"
            return .failed("\(error.message)\(beginning) output begins with: \(Self.beginning(of: output, redactor))")
        }
    }

    struct Mistake: Error {
        let message: String
    }

    private static func outcome(
        of fields: Value, to operation: ProvisionerOperation, _ redactor: Redactor
    ) throws(Mistake) -> Outcome {
        try checkSpelling(of: fields, redactor)
        let endpoint = try text(fields["endpoint"], "endpoint").map(redactor.redact(_:))
        let metadata = try metadata(fields["metadata"], redactor)
        let state = try text(fields["state"], "state") ?? "ready"
        if operation == .inspect { _ = try activeAt(fields["activeAt"]) }
        switch (state, operation) {
        case ("ready", _):
            return .done(endpoint: endpoint, metadata: metadata)
        case ("starting", .create), ("starting", .start), ("starting", .inspect):
            return .starting(endpoint: endpoint, metadata: metadata)
        case ("lost", .inspect), ("gone", .inspect):
            return .lost
        case ("stopped", .inspect), ("failed", .inspect), ("unhealthy", .inspect):
            return .broken(state: state, message: try text(fields["message"], "message").map(redactor.redact))
        case ("lost", .delete), ("gone", .delete):
            return .done(endpoint: nil, metadata: [:])
        default:
            throw Mistake(
                message: "invalid state \(redactor.redact(quoted(state))): an answer to \(operation) must have "
                    + expected(operation))
        }
    }

    /// Throws if a key is missing and another one is its name with a typing error. Other unknown keys are allowed.
    private static func checkSpelling(of fields: Value, _ redactor: Redactor) throws(Mistake) {
        guard case .object(let members) = fields else { return }
        for known in ["state", "endpoint", "metadata"] where fields[known] == nil {
            let near = members.first { key, value in
                switch value {
                case .string(let text):
                    // `status` is a word of its own. It is meant as the state if it contradicts the default.
                    known != "metadata" && [known].closest(to: key) != nil
                        && (key != "status" || text != "ready" && states.contains(text))
                case .object: known == "metadata" && [known].closest(to: key) != nil
                default: false
                }
            }
            if let near {
                throw Mistake(message: "unknown key \(redactor.redact(quoted(near.key))); did you mean \"\(known)\"?")
            }
        }
    }

    private static let states: Set = ["ready", "starting", "stopped", "failed", "unhealthy", "lost", "gone"]

    private static func expected(_ operation: ProvisionerOperation) -> String {
        switch operation {
        case .create, .start: #""ready" or "starting""#
        case .inspect: #""ready", "starting", "stopped", "failed", "unhealthy" or "lost""#
        case .delete: #""ready" or "gone""#
        case .stop, .list, .claim: #""ready""#
        }
    }

    private static func text(_ value: Value?, _ field: String) throws(Mistake) -> String? {
        switch value {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw Mistake(message: "invalid \(field): it must be a string")
        }
    }

    /// Converts scalars to text. Numbers keep their digits, and null counts as absent.
    private static func metadata(_ value: Value?, _ redactor: Redactor) throws(Mistake) -> [String: String] {
        guard case .object(let members) = value ?? .null else {
            if case .null = value ?? .null { return [:] }
            throw Mistake(message: "invalid metadata: it must be an object")
        }
        var metadata: [String: String] = [:]
        for (name, member) in members {
            let name = redactor.redact(name)
            switch member {
            case .null: continue
            case .bool(let flag): metadata[name] = String(flag)
            case .int(let number): metadata[name] = String(number)
            case .double(let number): metadata[name] = String(number)
            case .number(let text), .string(let text): metadata[name] = redactor.redact(text)
            case .array, .object:
                throw Mistake(message: "invalid metadata.\(name): it must be a string, number or boolean")
            }
        }
        return metadata
    }

    private static func quoted(_ text: String) -> String { Value.string(String(text.prefix(100))).compactJSON }

    /// Returns the first 200 characters of the output in quotes, on one line and without secrets.
    static func beginning(of output: [UInt8], _ redactor: Redactor) -> String {
        let text = redactor.redact(output.trimmed)
        let start = text.prefix(200)
        return Value.string(String(start)).compactJSON + (start.endIndex < text.endIndex ? "…" : "")
    }
}
