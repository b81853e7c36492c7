import PrewarmCore
import PrewarmEngine

/// The values of placeholders for one workspace. Each value is checked for the place where it is inserted, because
/// committers write versions and parameters.
struct PlaceholderValues: Sendable {
    let provisioner: String
    let workspace: Workspace
    /// The values of secrets by their names.
    let secrets: [String: String]
    /// The place that takes secrets, for messages.
    var secretPlace = "`environment`"
    /// The host ports; empty before the container runs.
    var ports: [PublishedPort: Int] = [:]
    /// The namespace of Kubernetes objects; nil if it is not known.
    var namespace: String?
    /// The claim that the workspace is handed over for; nil for other operations.
    var claim: ClaimValues?
    /// The Kubernetes objects of the workspace with their states, in the order of the template.
    var objects: [Value] = []

    /// Returns a text with its values.
    /// - Throws: ``OperationFailure`` if a value is missing or not allowed in the place.
    func text(_ text: PlaceholderText, in place: PlaceholderPlace) throws(OperationFailure) -> String {
        var isAtStart = true
        var result = ""
        for part in text.parts {
            switch part {
            case .literal(let literal): result += literal
            case .placeholder(let placeholder):
                let value = try value(of: placeholder, in: place, isAtStart: isAtStart)
                result += place.isExpanded ? value.unexpanded(after: result) : value
            }
            isAtStart = false
        }
        return result
    }

    private func value(
        of placeholder: PlaceholderText.Placeholder, in place: PlaceholderPlace, isAtStart: Bool
    ) throws(OperationFailure) -> String {
        let (subject, value) = try self.value(of: placeholder, in: place)
        // The cluster writes the fields of objects, for example whole URLs.
        let rule: ValueRule = if case .field = placeholder { .address } else { place.rule }
        guard let expected = rule.problem(value, isAtStart: isAtStart) else { return value }
        throw OperationFailure(
            .failed,
            "cannot use the value \(Value.string(String(value.printable.prefix(100))).compactJSON) of \(subject) in "
                + "`\(place.key)` of provisioner \(provisioner): it must have \(expected)",
            hint: placeholder.remedy(subject))
    }

    private func value(
        of placeholder: PlaceholderText.Placeholder, in place: PlaceholderPlace
    ) throws(OperationFailure) -> (subject: String, value: String) {
        switch placeholder {
        case .id: return ("the id of the workspace", workspace.id.rawValue)
        case .name: return ("the name of the workspace", workspace.name)
        case .preset: return ("the name of the preset", workspace.preset.name)
        case .version: return ("the version", workspace.spec.version)
        case .port(let port):
            guard let number = ports[port] else {
                throw OperationFailure(.failed, "the container engine did not publish port \(port) of the container")
            }
            return ("the port \(port)", String(number))
        case .parameter(let name): return ("the parameter \(name)", try parameter(name, in: place))
        case .namespace: return ("the namespace", namespace ?? "")
        case .owner: return ("the name of the owner", workspace.owner?.name ?? "")
        case .claim(let name): return ("the claim parameter \(name)", try claimed(name, in: place))
        case .field(let kind, let path): return ("the field \(placeholder)", try field(kind, path))
        }
    }

    private func claimed(_ name: String, in place: PlaceholderPlace) throws(OperationFailure) -> String {
        if let value = claim?.plain[name] { return value.providerText }
        guard let secret = claim?.secrets[name] else {
            throw OperationFailure(
                .failed, "the claim has no parameter \(name), which `\(place.key)` of provisioner \(provisioner) uses",
                hint: "Add \(name) to `claim.parameters` of the template.")
        }
        guard place.takesSecrets else { throw refusal(of: name, in: place) }
        return secret
    }

    private func field(_ kind: String, _ path: [String]) throws(OperationFailure) -> String {
        let object = objects.first { $0.text("kind") == kind }
        let value = path.reduce(object) { value, part in
            if case .array(let elements)? = value {
                return Int(part).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            }
            return value?[part]
        }
        switch value {
        case .string(let text)? where !text.isEmpty: return text
        case .int(let number): return String(number)
        case .double(let number): return String(number)
        case .bool(let flag): return String(flag)
        default:
            throw OperationFailure(
                .failed,
                "the \(kind) has no value at \(path.joined(separator: ".")), which `endpoint` of provisioner "
                    + "\(provisioner) uses",
                hint: "Look at the object with `kubectl get`, and correct `endpoint`.")
        }
    }

    private func refusal(of name: String, in place: PlaceholderPlace) -> OperationFailure {
        OperationFailure(
            .failed,
            "cannot use the parameter \(name) in `\(place.key)` of provisioner \(provisioner): it is a secret, and "
                + "secrets are only allowed in \(secretPlace)",
            hint: "Use \(name) in \(secretPlace).")
    }

    private func parameter(_ name: String, in place: PlaceholderPlace) throws(OperationFailure) -> String {
        guard let value = workspace.spec.parameters[name] else {
            throw OperationFailure(
                .failed,
                "the workspace has no parameter \(name), which `\(place.key)` of provisioner \(provisioner) uses",
                hint: "Set \(name) in `parameters` of the preset, or give it a default in the template.")
        }
        guard case .secret(let secret) = value else { return value.providerText }
        guard place.takesSecrets else { throw refusal(of: name, in: place) }
        guard let text = secrets[secret] else {
            throw OperationFailure(
                .failed, "the secret \(secret) of parameter \(name) is not configured",
                hint: "Add \(secret) to `secrets` in the configuration.")
        }
        return text
    }
}

/// A place in a container or an object where a value is inserted.
struct PlaceholderPlace: Sendable {
    /// The key of the configuration, for messages.
    let key: String
    let rule: ValueRule
    var takesSecrets = false
    /// True if the cluster replaces `$(NAME)` in the text by the variable of the name.
    var isExpanded = false

    static let image = PlaceholderPlace(key: "image", rule: .name)
    static let entrypoint = PlaceholderPlace(key: "entrypoint", rule: .argument)
    static let command = PlaceholderPlace(key: "command", rule: .argument)
    static let exec = PlaceholderPlace(key: "readiness.exec", rule: .argument)
    static let handover = PlaceholderPlace(key: "handover.exec", rule: .argument)
    static let volume = PlaceholderPlace(key: "mounts.volume", rule: .name)
    static let bind = PlaceholderPlace(key: "mounts.bind", rule: .name)
    static let endpoint = PlaceholderPlace(key: "endpoint", rule: .name)
    static let memory = PlaceholderPlace(key: "memory", rule: .name)
    static let cpus = PlaceholderPlace(key: "cpus", rule: .name)

    static func environment(_ name: String) -> PlaceholderPlace {
        PlaceholderPlace(key: "environment.\(name)", rule: .text, takesSecrets: true)
    }

    static func label(_ name: String) -> PlaceholderPlace { PlaceholderPlace(key: "labels.\(name)", rule: .argument) }
}

/// The texts that a value may have in a place.
enum ValueRule: Sendable {
    /// One part of a path or name: letters, digits, `.`, `_` and `-`, beginning with a letter or digit.
    case name
    /// Text without characters that a shell or a program reads as more than text.
    case argument
    /// Any text without NUL characters.
    case text
    /// A part of an address: visible ASCII characters.
    case address

    /// Returns the description of the allowed texts if a value is not among them; nil if it is allowed.
    /// - Parameter isAtStart: True if the value is at the beginning of the text, where `-` would begin an option.
    func problem(_ value: String, isAtStart: Bool) -> String? {
        let bytes = value.utf8
        switch self {
        case .name:
            let isGood =
                bytes.first.map(Self.isAlphanumeric) == true && bytes.count <= 128
                && bytes.allSatisfy { Self.isAlphanumeric($0) || [45, 46, 95].contains($0) }
            return isGood ? nil : "1 to 128 letters, digits and . _ -, beginning with a letter or digit"
        case .argument:
            let isGood =
                bytes.count <= 1024 && !(isAtStart && bytes.first == UInt8(ascii: "-"))
                && bytes.allSatisfy { Self.isAlphanumeric($0) || Self.argumentMarks.contains($0) }
            return isGood
                ? nil : "at most 1024 letters, digits and . _ - / : @ + = , %, and no - at the beginning of the text"
        case .address:
            let isGood = (1...1024).contains(bytes.count) && bytes.allSatisfy { (33...126).contains($0) }
            return isGood ? nil : "1 to 1024 visible ASCII characters"
        case .text:
            return bytes.contains(0) || bytes.count > 65_536 ? "at most 65536 bytes and no NUL characters" : nil
        }
    }

    private static let argumentMarks = Set("._-/:@+=,%".utf8)

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
    }
}

extension String {
    /// Returns the text with two `$` for each one, which the cluster writes as one and does not expand
    /// (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
    /// - Parameter start: The text before it. A `$` at its end must not expand this text.
    fileprivate func unexpanded(after start: String) -> String {
        let dollars = start.utf8.reversed().prefix { $0 == UInt8(ascii: "$") }.count
        let guardSign = hasPrefix("(") && dollars % 2 == 1 ? "$" : ""
        return guardSign + replacing("$", with: "$$")
    }
}

extension PlaceholderText.Placeholder {
    /// Returns the next step if the value of the placeholder is refused.
    fileprivate func remedy(_ subject: String) -> String {
        switch self {
        case .owner, .claim: "Claim with another value of \(subject), or use the value in another place."
        case .field: "Look at the object with `kubectl get`."
        default: "Change \(subject) in the manifest."
        }
    }
}

extension ParameterValue {
    /// The value as a provisioner gets it; the name of a secret.
    var providerText: String {
        switch self {
        case .string(let text), .secret(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .boolean(let flag): String(flag)
        }
    }
}
