import PrewarmCore
import PrewarmEngine

/// A request as a command gets it: on standard input and in the environment, with the secrets' values filled in.
struct RequestDocument: Sendable {
    /// Compact JSON and a line feed.
    let input: [UInt8]
    let environment: [String: String]

    static let protocolName = "prewarm-provisioner/v1"

    /// A request that can't be put to a command; the message says which part and holds no secret.
    struct Problem: Error {
        let message: String
    }

    init(_ request: ProvisionerRequest, base: [String: String]) throws(Problem) {
        let parameters = try Self.resolve(request)
        input = Self.json(request, parameters)
        environment = try Self.variables(request, parameters, base)
    }

    /// The question for everything that the provisioner knows of.
    init(listing base: [String: String]) {
        var writer = JSONWriter()
        writer.object { root in
            root.string("protocol", Self.protocolName)
            root.string("operation", ProvisionerOperation.list.rawValue)
        }
        input = Array(writer.text.utf8) + [UInt8(ascii: "\n")]
        environment = base.merging(["PREWARM_OPERATION": ProvisionerOperation.list.rawValue]) { _, own in own }
    }

    /// The parameters with values only, in the order of their names.
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
                // What was made with a secret that is no more has to be cleared away without it.
                if request.operation == .delete || request.operation == .inspect { continue }
                throw Problem(
                    message: "the secret \(secret) of parameter \(name) is not configured; the command was not run")
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
        // JSON has no infinity.
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
                throw Problem(message: "the parameters \(other) and \(name) both become \(variable); rename one")
            }
            own[variable] = text(value)
            if text(value).utf8.contains(0) {
                throw Problem(message: "the parameter \(name) holds a NUL character; the command was not run")
            }
        }
        let all = base.merging(own) { _, own in own }
        for (variable, value) in all.sorted(by: { $0.key < $1.key }) where value.utf8.contains(0) {
            throw Problem(message: "\(variable) would hold a NUL character; the command was not run")
        }
        return all
    }

    /// `PREWARM_PARAM_DISK_SIZE` for `disk-size`: what is no ASCII letter or digit becomes `_`.
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
