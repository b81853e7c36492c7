import NIOHTTP1

/// The kind and the API version of a container engine.
struct EngineIdentity: Sendable {
    /// The path before all calls, for example `/v1.41`.
    let prefix: String
    /// The command of the engine for messages: `docker` or `podman`.
    let tool: String

    /// The identity before the engine was asked.
    static let unknown = EngineIdentity(prefix: "", tool: "docker")

    private init(prefix: String, tool: String) {
        self.prefix = prefix
        self.tool = tool
    }

    /// Asks the engine. The newest version that the engine knows is used, since engines drop old versions.
    init(_ client: EngineClient) async throws(OperationFailure) {
        let call = EngineCall(path: "/_ping", timeout: .seconds(20), sizeLimit: 4096)
        let (head, _) = try await client.stream(call, into: ()) { _, _ in true }
        guard head.status == 200, let version = head.headers.first(name: "Api-Version"), Self.isVersion(version) else {
            throw client.bad("it has no version of the Docker Engine API", call)
        }
        prefix = "/v\(version)"
        tool = head.headers.contains(name: "Libpod-Api-Version") ? "podman" : "docker"
    }

    private static func isVersion(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { (48...57).contains($0) } }
    }
}
