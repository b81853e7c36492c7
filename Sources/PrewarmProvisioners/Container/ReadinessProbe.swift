import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import PrewarmCore
import PrewarmEngine

/// The test that a running container has to pass before its workspace is ready.
struct ReadinessProbe: Sendable {
    private enum Kind: Sendable {
        case running
        case http(PublishedPort, path: String)
        case port(PublishedPort)
        case exec([String])
        case log(String)
    }

    private let kind: Kind
    private let operation: ContainerOperation
    private let name: String

    /// The time for which a container without a test has to run.
    private static let settlingTime = Duration.seconds(1)
    /// The longest time of one attempt of a test that is repeated. The last attempt has it, too, so that it can end with
    /// its own reason.
    private static let attemptTime = Duration.seconds(10)

    /// - Throws: ``OperationFailure`` if a value of the manifest is not allowed in the command of the test.
    init(_ operation: ContainerOperation, _ name: String) throws(OperationFailure) {
        self.operation = operation
        self.name = name
        kind =
            switch operation.spec.readiness.probe {
            case .running: .running
            case .http(let port, let path): .http(port, path: path)
            case .port(let port): .port(port)
            case .exec(let arguments): .exec(try ContainerPlan.arguments(arguments, operation.values, in: .exec))
            case .log(let text): .log(text)
            }
    }

    /// The pauses between attempts. Podman keeps a process for each program that ran in a container for five minutes, so
    /// a program is run less often.
    var pauses: (first: Duration, longest: Duration) {
        if case .exec = kind { (.milliseconds(250), .seconds(2)) } else { (.milliseconds(50), .seconds(1)) }
    }

    /// Tests the container once.
    /// - Parameters:
    ///   - timeout: The time that is left to wait for a line of the output.
    ///   - startedAt: The time from which the container is known to run; nil if it was ready before.
    /// - Returns: The reason why the container is not ready, as the end of a sentence; nil if it is ready.
    /// - Throws: ``OperationFailure`` if the engine fails.
    func problem(
        _ status: ContainerStatus, timeout: Duration, startedAt: ContinuousClock.Instant? = nil
    ) async throws(OperationFailure) -> String? {
        switch kind {
        case .running: return running(status, startedAt)
        case .http(let port, let path):
            guard let address = address(of: port, status) else { return "port \(port) is not published" }
            return await HTTPProbe(address: address, path: path).problem(timeout: Self.attemptTime)
        case .port(let port):
            guard let address = address(of: port, status) else { return "port \(port) is not published" }
            return await PortProbe(address: address).problem(timeout: Self.attemptTime)
        case .exec(let arguments): return try await exec(arguments, timeout: Self.attemptTime)
        case .log(let text): return startedAt == nil ? nil : try await log(text, timeout: timeout)
        }
    }

    private func running(_ status: ContainerStatus, _ startedAt: ContinuousClock.Instant?) -> String? {
        if let health = status.health { return health == "healthy" ? nil : "its health check is \(health)" }
        guard let startedAt, ContinuousClock.now - startedAt < Self.settlingTime else { return nil }
        return "it started a moment ago"
    }

    private func address(of port: PublishedPort, _ status: ContainerStatus) -> ContainerStatus.Address? {
        operation.spec.network == "host"
            ? ContainerStatus.Address(host: "127.0.0.1", port: port.number) : status.addresses[port]
    }

    private func exec(_ arguments: [String], timeout: Duration) async throws(OperationFailure) -> String? {
        let program = "`\(arguments.joined(separator: " ").printable.limited(to: 100))`"
        do throws(OperationFailure) {
            let result = try await operation.client.execute(
                arguments, in: name, timeout: timeout, slack: operation.redactor.longestPattern)
            if result.code == 0 { return nil }
            let output = result.output.text(operation.redactor).printable.limited(to: 300)
            return "\(program) exits with code \(result.code)\(output.isEmpty ? "" : ": \(output)")"
        } catch {
            switch error.kind {
            case .slow: return "\(program) does not end: \(error.message)"
            // The program does not exist, or the container has just stopped.
            case .refused: return "\(program) cannot run: \(error.message)"
            default: throw error
            }
        }
    }

    private func log(_ text: String, timeout: Duration) async throws(OperationFailure) -> String? {
        let problem = "no line of its output contains \(Value.string(text.printable.limited(to: 100)).compactJSON)"
        do throws(OperationFailure) {
            let isFound = try await operation.client.waitForOutput(of: name, containing: text, timeout: timeout)
            return isFound ? nil : problem
        } catch {
            guard case .slow = error.kind else { throw error }
            return problem
        }
    }
}

/// A test that sends a GET request. Any status from 200 to 399 is a success; redirects are not followed.
struct HTTPProbe: Sendable {
    let address: ContainerStatus.Address
    let path: String

    func problem(timeout: Duration) async -> String? {
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let url = "http://\(host):\(address.port)\(path)"
        let result = await within(timeout) { () -> String? in
            let http = HTTPClient(
                eventLoopGroupProvider: .singleton,
                configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
            let problem = await Self.problem(url, http)
            try? await http.shutdown()
            return problem
        }
        return result ?? "GET \(url) is not answered within \(timeout.prewarmText)"
    }

    private static func problem(_ url: String, _ http: HTTPClient) async -> String? {
        do {
            let response = try await http.execute(HTTPClientRequest(url: url), deadline: .distantFuture)
            let status = response.status.code
            return (200..<400).contains(status) ? nil : "GET \(url) is answered with status \(status)"
        } catch {
            return "GET \(url) is not answered"
        }
    }
}
