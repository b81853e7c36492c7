import PrewarmCore
import PrewarmEngine

/// The request to a command, on standard input and in the environment. It contains the values of secrets.
struct RequestDocument: Sendable {
    /// The standard input: compact JSON and a line feed.
    let input: [UInt8]
    let environment: [String: String]

    static let protocolName = "prewarm-provisioner/v1"

    /// A request that cannot be sent to a command. The message names the part and contains no secret.
    struct Problem: Error {
        let message: String
    }

    init(_ request: ProvisionerRequest, base: [String: String]) throws(Problem) {
        let parameters = try Self.resolve(request)
        input = Self.json(request, parameters)
        environment = try Self.variables(request, parameters, base)
    }

    /// The request for a list of all workspaces of the provisioner.
    init(listing base: [String: String]) {
        input = Self.line([
            "protocol": .string(Self.protocolName), "operation": .string(ProvisionerOperation.list.rawValue),
        ])
        environment = base.merging(["PREWARM_OPERATION": ProvisionerOperation.list.rawValue]) { _, own in own }
    }

    /// Returns the parameters with the values of secrets, sorted by name.
    private static func resolve(
        _ request: ProvisionerRequest
    ) throws(Problem) -> [(name: String, value: ParameterValue)] {
        var resolved: [(name: String, value: ParameterValue)] = []
        for (name, value) in request.workspace.spec.parameters.sorted(by: { $0.key < $1.key }) {
            guard case .secret(let secret) = value else {
                resolved.append((name, value))
                continue
            }
            guard let text = request.secrets[secret] else {
                // A workspace whose secret was removed from the configuration must still be deleted.
                if request.operation == .delete || request.operation == .inspect { continue }
                throw Problem(
                    message: "the secret \(secret) of parameter \(name) is not configured, so the command was not run: "
                        + "add \(secret) to `secrets` in the configuration")
            }
            resolved.append((name, .string(text)))
        }
        return resolved
    }

    private static func json(
        _ request: ProvisionerRequest, _ parameters: [(name: String, value: ParameterValue)]
    ) -> [UInt8] {
        let workspace = request.workspace
        let labels = request.labels.sorted { $0.key < $1.key }
        return line([
            "protocol": .string(protocolName),
            "operation": .string(request.operation.rawValue),
            "id": .string(request.id.rawValue),
            "attempt": .int(request.attempt),
            "store": request.store.map { .string($0) },
            "workspace": .object(known: [
                "id": .string(workspace.id.rawValue),
                "name": .string(workspace.name),
                "preset": .string(workspace.preset.name),
                "template": .string(workspace.spec.template),
                "version": .string(workspace.spec.version),
                "parameters": .object(parameters.map { ($0.name, json($0.value)) }),
                "labels": .object(labels.map { ($0.key, .string($0.value)) }),
                "owner": workspace.owner.map { .string($0.name) },
            ]),
        ])
    }

    private static func line(_ members: KeyValuePairs<String, Value?>) -> [UInt8] {
        Array(Value.object(known: members).compactJSON.utf8) + [UInt8(ascii: "\n")]
    }

    private static func json(_ value: ParameterValue) -> Value {
        switch value {
        case .string(let text), .secret(let text): .string(text)
        case .integer(let number): .int(Int(number))
        // JSON cannot represent infinity as a number.
        case .number(let number): number.isFinite ? .double(number) : .string(String(number))
        case .boolean(let flag): .bool(flag)
        }
    }

    private static func text(_ value: ParameterValue) -> String {
        switch value {
        case .string(let text), .secret(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .boolean(let flag): String(flag)
        }
    }

    private static func variables(
        _ request: ProvisionerRequest, _ parameters: [(name: String, value: ParameterValue)], _ base: [String: String]
    ) throws(Problem) -> [String: String] {
        let workspace = request.workspace
        var own = [
            "PREWARM_OPERATION": request.operation.rawValue,
            "PREWARM_OPERATION_ID": request.id.rawValue,
            "PREWARM_ATTEMPT": String(request.attempt),
            "PREWARM_WORKSPACE_ID": workspace.id.rawValue,
            "PREWARM_WORKSPACE_NAME": workspace.name,
            "PREWARM_PRESET": workspace.preset.name,
            "PREWARM_TEMPLATE": workspace.spec.template,
            "PREWARM_VERSION": workspace.spec.version,
        ]
        own["PREWARM_OWNER"] = workspace.owner?.name
        own["PREWARM_STORE"] = request.store
        var names: [String: String] = [:]
        for (name, value) in parameters {
            let variable = variableName(parameter: name)
            if let other = names.updateValue(name, forKey: variable) {
                throw Problem(
                    message: "the parameters \(other) and \(name) both become \(variable): rename one of the parameters"
                )
            }
            own[variable] = text(value)
            if text(value).utf8.contains(0) {
                throw Problem(message: "the parameter \(name) contains a NUL character, so the command was not run")
            }
        }
        let all = base.merging(own) { _, own in own }
        for (variable, value) in all.sorted(by: { $0.key < $1.key }) where value.utf8.contains(0) {
            throw Problem(message: "\(variable) would contain a NUL character, so the command was not run")
        }
        return all
    }

    /// Returns the name of the variable for a parameter, for example `PREWARM_PARAM_DISK_SIZE` for `disk-size`. Characters
    /// other than ASCII letters and digits become `_`.
    static func variableName(parameter: String) -> String {
        "PREWARM_PARAM_" + parameter.variableName
    }
}
