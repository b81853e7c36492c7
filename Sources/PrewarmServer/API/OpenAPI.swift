import PrewarmCore
import PrewarmEngine

/// The description of the API, written from its routes (OpenAPI 3.1).
enum OpenAPI {
    static let document = Value.object(known: [
        "openapi": "3.1.0",
        "info": .object(known: [
            "title": "prewarm",
            "version": "v1",
            "description":
                "Pools of ready-made developer workspaces. Errors are problem details (RFC 9457) whose `title` is a word that doesn't change. `GET /api/v1/events` with `Accept: text/event-stream` goes on with what happens.",
            "license": .object(known: ["name": "Apache-2.0", "identifier": "Apache-2.0"]),
        ]),
        "servers": .array([.object(known: ["url": "/api/v1"])]),
        "security": .array([.object(known: ["bearer": .array([])])]),
        "paths": .object(paths),
        "components": .object(known: [
            "securitySchemes": .object(known: [
                "bearer": .object(known: [
                    "type": "http", "scheme": "bearer",
                    "description":
                        "An API token, an OIDC token of CI where an issuer is configured, or on the daemon's machine the local token that it writes beside its store.",
                ])
            ]),
            "schemas": .object(DocumentSchemas.all),
            "responses": .object(known: [
                "Problem": .object(known: [
                    "description": "What went wrong",
                    "content": .object(known: [
                        "application/problem+json": .object(known: ["schema": reference("Problem")])
                    ]),
                ])
            ]),
        ]),
    ])

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
                    "description": "Asking again with the same key gives the same answer.",
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

    /// What any route may answer besides its own.
    private static let general = [400, 401, 403, 405, 408, 413, 415, 429, 500, 503]

    private static func responses(_ route: Route) -> [(key: String, value: Value)] {
        var responses = route.answers.map { status, schema -> (key: String, value: Value) in
            let element = reference(schema.hasPrefix("[]") ? String(schema.dropFirst(2)) : schema)
            let whole =
                schema.hasPrefix("[]") ? Value.object(known: ["type": "array", "items": element]) : element
            return (
                "\(status)",
                .object(known: [
                    "description": "Done",
                    "content": .object(known: ["application/json": .object(known: ["schema": whole])]),
                ])
            )
        }
        if route.method == .get {
            responses.append(("304", .object(known: ["description": "As the entity tag of the caller says"])))
        }
        let problems = Set(general + route.problems).sorted()
        responses += problems.map { ("\($0)", .object(known: ["$ref": "#/components/responses/Problem"])) }
        return responses
    }

    static func reference(_ name: String) -> Value { .object(known: ["$ref": .string("#/components/schemas/\(name)")]) }
}
