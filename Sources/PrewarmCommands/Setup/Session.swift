import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// The API that a command uses: that of a daemon if `--server` names one, otherwise that of the local store.
struct Session: Sendable {
    let client: any APIClient
    /// The engine of the local store; nil if the API is that of a daemon.
    let local: Context?
    private let now: @Sendable () -> Timestamp

    /// - Parameter use: The parts of the configuration that the command uses if there is no daemon to ask.
    static func open(_ global: GlobalOptions, for use: ConfigurationFile.Use = .everything) async throws -> Session {
        if let remote = try RemoteClient(global) { return Session(client: remote, local: nil, now: { .now }) }
        let context = try await Context.open(global, for: use)
        return Session(
            client: LocalClient(context.engine, user: Environment.user), local: context, now: { context.engine.now() })
    }

    func now() async -> Timestamp { now() }

    /// Returns the status of all sources and pools: of the local store whole, of a daemon with at most 1000 pools.
    func status() async throws -> StatusDocument {
        try await get("status", query: ["limit": local == nil ? "1000" : nil])
    }

    func get<Answer: Decodable>(_ path: String..., query: [String: String?] = [:]) async throws -> Answer {
        try await client.send(APIRequest(.get, path, query: query)).decoded()
    }

    /// Returns all pages of a list.
    /// - Throws: ``Problem`` if a page follows itself, or if the list is larger than ``AnswerBudget`` allows.
    func pages<Element: Document>(_ path: String..., query: [String: String?] = [:]) async throws -> [Element] {
        var elements: [Element] = []
        var cursor: String?
        var (pages, size) = (0, 0)
        repeat {
            var query = query
            if local == nil { query["limit"] = "1000" }
            if let cursor { query["cursor"] = cursor }
            let answer = try await client.send(APIRequest(.get, path, query: query))
            elements += try answer.decoded(as: [Element].self)
            (pages, size) = (pages + 1, size + answer.size)
            let isSame = cursor != nil && answer.nextCursor == cursor
            guard !isSame, pages <= AnswerBudget.pages, size <= AnswerBudget.listSize else {
                throw Problem(
                    "BadAnswer", status: 502, "cannot use the list \(path.joined(separator: "/")): it does not end",
                    hint: "narrow the list, for example with --preset")
            }
            cursor = answer.nextCursor
        } while cursor != nil
        return elements
    }

    func post<Answer: Decodable>(
        _ path: String..., query: [String: String?] = [:], body: KeyValuePairs<String, Value?>,
        idempotencyKey: String? = nil
    ) async throws -> Answer {
        try await post(path, query: query, body: .object(known: body), idempotencyKey: idempotencyKey)
    }

    func post<Answer: Decodable>(
        _ path: [String], query: [String: String?], body: Value, idempotencyKey: String?
    ) async throws -> Answer {
        try await client.send(APIRequest(.post, path, query: query, body: body, idempotencyKey: idempotencyKey))
            .decoded()
    }

    func delete<Answer: Decodable>(_ path: String..., query: [String: String?] = [:]) async throws -> Answer {
        try await client.send(APIRequest(.delete, path, query: query)).decoded()
    }
}

/// The name of a preset as a user writes it: `name` or `source/name`.
struct PresetName {
    let name: String
    let source: String?

    init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        name = parts.count == 2 ? parts[1] : text
        source = parts.count == 2 ? parts[0] : nil
    }
}
