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
        var writer = JSONWriter()
        writer.object { root in
            root.string("protocol", Self.protocolName)
            root.string("operation", ProvisionerOperation.list.rawValue)
        }
        input = Array(writer.text.utf8) + [UInt8(ascii: "\n")]
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
        var writer = JSONWriter()
        writer.object { root in
            root.string("protocol", protocolName)
            root.string("operation", request.operation.rawValue)
            root.string("id", request.id.rawValue)
            root.raw("attempt", String(request.attempt))
            if let store = request.store { root.string("store", store) }
            root.object("workspace") { fields in
                fields.string("id", workspace.id.rawValue)
                fields.string("name", workspace.name)
                fields.string("preset", workspace.preset.name)
                fields.string("template", workspace.spec.template)
                fields.string("version", workspace.spec.version)
                fields.object("parameters") { members in
                    for parameter in parameters { members.raw(parameter.name, json(parameter.value)) }
                }
                fields.object("labels") { members in
                    for (name, value) in request.labels.sorted(by: { $0.key < $1.key }) { members.string(name, value) }
                }
                if let owner = workspace.owner { fields.string("owner", owner.name) }
            }
        }
        return Array(writer.text.utf8) + [UInt8(ascii: "\n")]
    }

    private static func json(_ value: ParameterValue) -> String {
        switch value {
        case .string(let text), .secret(let text): JSONWriter.quoted(text)
        // JSON cannot represent infinity as a number.
        case .number(let number) where !number.isFinite: JSONWriter.quoted(String(number))
        case .integer, .number, .boolean: text(value)
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
        let name = parameter.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        return "PREWARM_PARAM_" + String(decoding: name, as: UTF8.self)
    }
}
