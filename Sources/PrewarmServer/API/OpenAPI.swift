package import PrewarmAPI
import PrewarmCore
package import PrewarmEngine

/// The OpenAPI 3.1 document of the API, generated from its routes.
package enum OpenAPI {
    package static let document: Value = .object(known: [
        "openapi": "3.1.0",
        "info": .object(known: [
            "title": "prewarm",
            "version": "v1",
            "description": .string(introduction),
            "license": .object(known: ["name": "Apache-2.0", "identifier": "Apache-2.0"]),
        ]),
        "servers": .array([.object(known: ["url": "/api/v1"])]),
        "security": .array([.object(known: ["bearer": .array([])])]),
        "paths": .object(paths),
        "components": .object(known: [
            "securitySchemes": .object(known: [
                "bearer": .object(known: [
                    "type": "http", "scheme": "bearer",
                    "description": .string(tokens),
                ])
            ]),
            "schemas": .object(schemas),
            "responses": .object(known: [
                "Problem": .object(known: [
                    "description":
                        "The request failed. `title` is a stable code, `detail` says why, and `hint` says what to do.",
                    "content": .object(known: [
                        "application/problem+json": .object(known: ["schema": ProblemDocument.reference])
                    ]),
                ])
            ]),
        ]),
    ])

    /// The types of all documents in answers, and of the documents in them, by name.
    package static let types: [any ObjectDocument.Type] = {
        let answers: [any Document.Type] = [ProblemDocument.self] + API.routes.flatMap { $0.answers.map(\.type) }
        let found = answers.flatMap { schema(of: $0).types }
        let known = Dictionary(found.map { ($0.schemaName, $0) }) { first, _ in first }
        return known.sorted { $0.key < $1.key }.map(\.value)
    }()

    private static var schemas: [(key: String, value: Value)] {
        types.map { type in (type.schemaName, (try? type.objectSchema) ?? .object([])) }
    }

    /// Returns the schema of an answer. A test finds a type that has none.
    private static func schema(of type: any Document.Type) -> (value: Value, types: [any ObjectDocument.Type]) {
        guard let schema = try? DocumentSchema(of: type) else { return (.object([]), []) }
        return (schema.value, schema.types)
    }

    private static let introduction = """
        prewarm keeps pools of ready developer workspaces at the size that a git repository says.

        An error is a problem document (RFC 9457). Its `title` is a code that never changes. \
        An operation with `limit` returns at most that many items (default: 100). \
        If it has `cursor` and there are more items, the header `Link` has the address of the next page. \
        An answer to GET has an `ETag`; a request with the same tag in `If-None-Match` gets 304 without a body. \
        `GET /api/v1/events` with `Accept: text/event-stream` streams events as they happen.

        Callers have one of the roles viewer, claimer and operator. \
        A caller whose token names presets sees and changes only these presets: its scope. \
        A claimer sees only the workspaces that it has claimed. \
        A viewer sees workspaces without their endpoint and metadata.
        """

    private static let tokens = """
        An API token (`prewarm token create`), or an OIDC token of a CI job if its issuer is configured. \
        On the daemon's machine, also the local token in the file beside the store whose name ends with `.token`.
        """

    private static var paths: [(key: String, value: Value)] {
        let templates = API.routes.map(\.template).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return templates.map { template in
            let routes = API.routes.filter { $0.template == template }
            return (template, .object(routes.map { ($0.method.rawValue.lowercased(), operation($0)) }))
        }
    }

    private static func operation(_ route: Route) -> Value {
        .object(known: [
            "operationId": .string(route.name),
            "summary": .string(route.summary),
            "description": .string("\(route.description)\n\n\(route.permission.callers)"),
            "parameters": parameters(route),
            "requestBody": route.body.map { body($0, exactlyOne: route.exactlyOne) },
            "responses": .object(responses(route)),
        ])
    }

    private static func parameters(_ route: Route) -> Value? {
        var parameters = route.template.split(separator: "/").filter { $0.hasPrefix("{") }.map { part in
            Value.object(known: [
                "name": .string(String(part.dropFirst().dropLast())), "in": "path", "required": true,
                "schema": .object(known: ["type": "string", "minLength": 1, "maxLength": 256]),
            ])
        }
        parameters += route.query.map { field in
            .object(known: [
                "name": .string(field.name), "in": "query", "required": .bool(field.isRequired),
                "description": .string(field.meaning), "schema": field.schema,
            ])
        }
        if route.takesIdempotencyKey {
            parameters.append(
                .object(known: [
                    "name": "Idempotency-Key", "in": "header", "required": false,
                    "description": "a key of the caller; a repeated request with the same key gets the same answer",
                    "schema": .object(known: [
                        "type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[A-Za-z0-9._:-]+$",
                    ]),
                ]))
        }
        return parameters.isEmpty ? nil : .array(parameters)
    }

    private static func body(_ fields: [Field], exactlyOne: [String]) -> Value {
        let required = fields.filter(\.isRequired).map { Value.string($0.name) }
        return .object(known: [
            "required": .bool(!required.isEmpty || !exactlyOne.isEmpty),
            "content": .object(known: [
                "application/json": .object(known: [
                    "schema": .object(known: [
                        "type": "object",
                        "properties": .object(
                            fields.map { field in
                                (field.name, field.schema.merging(["description": .string(field.meaning)]))
                            }),
                        "required": required.isEmpty ? nil : .array(required),
                        "additionalProperties": false,
                        "oneOf": exactlyOne.isEmpty
                            ? nil : .array(exactlyOne.map { .object(known: ["required": .array([.string($0)])]) }),
                    ])
                ])
            ]),
        ])
    }

    /// The statuses of problems that every operation can return.
    private static let general = [400, 401, 403, 405, 408, 413, 415, 429, 500, 503]

    private static func responses(_ route: Route) -> [(key: String, value: Value)] {
        let statuses = route.answers.map(\.status).reduce(into: [Int]()) { if !$0.contains($1) { $0.append($1) } }
        var responses = statuses.map { status -> (key: String, value: Value) in
            let schemas = route.answers.filter { $0.status == status }.map { schema(of: $0.type).value }
            let whole = schemas.count == 1 ? schemas[0] : .object(known: ["anyOf": .array(schemas)])
            return (
                "\(status)",
                .object(known: [
                    "description": .string(meaning(of: status)),
                    "content": .object(known: ["application/json": .object(known: ["schema": whole])]),
                ])
            )
        }
        if route.method == .get {
            responses.append(
                ("304", .object(known: ["description": "The answer has not changed since the tag in `If-None-Match`."]))
            )
        }
        let problems = Set(general + route.problems).sorted()
        responses += problems.map { ("\($0)", .object(known: ["$ref": "#/components/responses/Problem"])) }
        return responses
    }

    private static func meaning(of status: Int) -> String {
        switch status {
        case 201: "The object was created."
        case 202: "The request was accepted. Its work continues after this answer."
        default: "The request succeeded."
        }
    }
}

extension Route.Permission {
    /// The sentence of an operation's description that says who may call it.
    fileprivate var callers: String {
        switch self {
        case .look, .wakeUp: "Every role may call it."
        case .operate, .administer: "Only an operator whose scope is all presets may call it."
        case .ofObject: "Every role may call it for presets in its scope."
        case .ofObjectForClaimers: "Claimers and operators may call it for presets in their scope."
        case .ofObjectForOperators: "Operators may call it for presets in their scope."
        }
    }
}
