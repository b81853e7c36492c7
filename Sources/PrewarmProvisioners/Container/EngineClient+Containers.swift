import NIOHTTP1
import PrewarmCore
import PrewarmEngine

extension EngineClient {
    /// Returns the state of a container; nil if it does not exist.
    func container(_ name: String) async throws(OperationFailure) -> ContainerStatus? {
        let call = EngineCall(path: "/containers/\(name)/json")
        let answer = try await self.call(call)
        if answer.status == 404 { return nil }
        let document = try document(answer, of: call)
        guard let status = ContainerStatus(document) else { throw bad("it describes no container", call) }
        return status
    }

    /// Creates a container. It is not canceled, so that no container appears after the operation has ended.
    /// - Throws: ``OperationFailure`` with `refused` if the engine refuses it, for example because the name is taken.
    func create(_ name: String, _ document: Value) async throws(OperationFailure) {
        let call = EngineCall(
            method: .POST, path: "/containers/create", query: [("name", name)], body: document, timeout: .seconds(30))
        let sending = Task { () -> Result<EngineAnswer, OperationFailure> in
            do throws(OperationFailure) { return .success(try await self.call(call)) } catch { return .failure(error) }
        }
        let answer = try await sending.value.get()
        try check(answer, of: call)
    }

    /// Starts a container. A container that runs already stays as it is.
    func start(_ name: String) async throws(OperationFailure) {
        let call = EngineCall(method: .POST, path: "/containers/\(name)/start", timeout: .seconds(120))
        let answer = try await self.call(call)
        if answer.status != 304 { try check(answer, of: call) }
    }

    /// Stops a container by SIGTERM, and by SIGKILL after the grace period.
    func stop(_ name: String, grace: Duration) async throws(OperationFailure) {
        let call = EngineCall(
            method: .POST, path: "/containers/\(name)/stop", query: [("t", "\(grace.components.seconds)")],
            timeout: grace + .seconds(60))
        let answer = try await self.call(call)
        if answer.status != 304, answer.status != 404 { try check(answer, of: call) }
    }

    /// Removes a container with its anonymous volumes, also if it runs.
    /// - Returns: False if the engine is removing it at the moment.
    func remove(_ name: String) async throws(OperationFailure) -> Bool {
        let call = EngineCall(
            method: .DELETE, path: "/containers/\(name)", query: [("force", "true"), ("v", "true")],
            timeout: .seconds(120))
        let answer = try await self.call(call)
        if answer.status == 404 { return true }
        if answer.status == 409 { return false }
        try check(answer, of: call)
        return true
    }

    /// Returns the containers with a label, in the engine's words.
    /// - Parameter label: The label in the form `KEY=VALUE`. It is only one, because Podman returns what has any of several
    ///   labels, and Docker what has all.
    func containers(label: String) async throws(OperationFailure) -> [Value] {
        let filters = Value.object([("label", .array([.string(label)]))])
        let call = EngineCall(
            path: "/containers/json", query: [("all", "true"), ("filters", filters.compactJSON)],
            timeout: .seconds(120), sizeLimit: 16 << 20)
        guard case .array(let containers) = try document(try await self.call(call), of: call) else {
            throw bad("it is no list", call)
        }
        return containers
    }

    // MARK: Volumes

    func createVolume(_ name: String, labels: [(key: String, value: Value)]) async throws(OperationFailure) {
        let call = EngineCall(
            method: .POST, path: "/volumes/create",
            body: .object([("Name", .string(name)), ("Driver", "local"), ("Labels", .object(labels))]))
        try check(try await self.call(call), of: call)
    }

    /// Returns the volumes with a label in the form `KEY=VALUE`, in the engine's words.
    func volumes(label: String) async throws(OperationFailure) -> [Value] {
        let filters = Value.object([("label", .array([.string(label)]))])
        let call = EngineCall(path: "/volumes", query: [("filters", filters.compactJSON)])
        var attempts = 0
        while true {
            attempts += 1
            do throws(OperationFailure) {
                return try document(try await self.call(call), of: call).list("Volumes")
            } catch {
                // Podman fails if another volume is removed while it makes the list.
                guard case .refused = error.kind, error.message.contains("no such volume"), attempts < 10 else {
                    throw error
                }
            }
        }
    }

    func removeVolume(_ name: String) async throws(OperationFailure) {
        let call = EngineCall(method: .DELETE, path: "/volumes/\(name.percentEncoded(keeping: []))")
        let answer = try await self.call(call)
        if answer.status != 404 { try check(answer, of: call) }
    }

    // MARK: Answers

    /// Returns the JSON of an answer with a status of success.
    func document(_ answer: EngineAnswer, of call: EngineCall) throws(OperationFailure) -> Value {
        try check(answer, of: call)
        do throws(JSONReader.Failure) {
            return try JSONReader.read(answer.body, depthLimit: Self.depthLimit)
        } catch {
            throw bad("expected \(error.expected) at byte \(error.offset)", call)
        }
    }

    /// Throws the engine's error if an answer has no status of success.
    func check(_ answer: EngineAnswer, of call: EngineCall) throws(OperationFailure) {
        guard !(200..<300).contains(answer.status) else { return }
        let document = try? JSONReader.read(answer.body, depthLimit: Self.depthLimit)
        let message = document?.text("message") ?? "status \(answer.status)"
        throw OperationFailure(engine.failure(message, status: answer.status))
    }
}
