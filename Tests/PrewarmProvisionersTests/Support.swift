import Foundation
import Glibc
import PrewarmCore
import PrewarmEngine
import Synchronization

@testable import PrewarmProvisioners

/// A directory with scripts, which is removed at the end of the test.
final class Workshop: Sendable {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "prewarm-provisioners-" + UUID().uuidString
        mkdir(path, 0o755)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        let file = path + "/" + name
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        chmod(file, mode)
        return file
    }

    func read(_ name: String) -> String? {
        try? String(contentsOfFile: path + "/" + name, encoding: .utf8)
    }

    /// Waits for the process number that a script writes into a file, and returns it.
    func process(_ name: String) async throws -> Int32 {
        var number: Int32?
        try await eventually {
            number = read(name).flatMap { $0.hasSuffix("\n") ? Int32($0.dropLast()) : nil }
            return number != nil
        }
        return number ?? 0
    }

    /// Returns a provisioner that runs the script by `sh FILE`. Executing a new file can fail with ETXTBSY while another
    /// test forks.
    func provisioner(
        _ script: String, timeout: Duration = .seconds(240), grace: Duration = .milliseconds(300),
        interpreter: String = "/bin/sh", environment: [String: String] = [:], own: [String: String]? = nil,
        inherited: Set<String> = []
    ) throws -> CommandProvisioner {
        let file = try write("script-\(UUID().uuidString)", script)
        return CommandProvisioner(
            CommandSettings(
                name: "local", command: [interpreter, file], operations: Set(ProvisionerOperation.allCases),
                timeout: timeout, grace: grace, workingDirectory: path, environment: environment,
                ownEnvironment: own ?? ["PATH": "/usr/local/bin:/usr/bin:/bin"], inheritedNames: inherited))
    }

    /// Runs the script for one operation.
    func run(
        _ script: String, _ request: ProvisionerRequest = request(), timeout: Duration = .seconds(240),
        grace: Duration = .milliseconds(300), interpreter: String = "/bin/sh"
    ) async throws -> ProvisionerReply {
        try await provisioner(script, timeout: timeout, grace: grace, interpreter: interpreter)
            .perform(request) { _ in }
    }
}

func request(
    _ operation: ProvisionerOperation = .create, parameters: [String: ParameterValue] = [:],
    labels: [String: String] = [:], owner: Owner? = nil, secrets: [String: String] = [:]
) -> ProvisionerRequest {
    let spec = WorkspaceSpec(template: "go-dev", version: "1.4.2", provisioner: "local", parameters: parameters)
    let workspace = Workspace(
        id: WorkspaceID("01hzy3v7k8a9b0c1d2e3f4g5h6"), preset: PresetKey(source: "presets", name: "go-large"),
        spec: spec, fingerprint: spec.fingerprint, state: .creating, owner: owner,
        createdAt: Timestamp(milliseconds: 0))
    return ProvisionerRequest(
        id: OperationID("01hzy3v7k8zzzzzzzzzzzzzzzz"), operation: operation, attempt: 2, workspace: workspace,
        labels: labels, secrets: secrets)
}

extension Outcome {
    var failure: String? {
        switch self {
        case .failed(let message): message
        case .refused(let error): error.message
        default: nil
        }
    }

    static let ready = Outcome.done(endpoint: nil, metadata: [:])
}

struct TookTooLong: Error {}

/// Waits until the condition is true. It checks every 5 ms, for at most four minutes.
func eventually(_ isTrue: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(240)
    while try await !isTrue() {
        guard ContinuousClock.now < end else { throw TookTooLong() }
        try await Task.sleep(for: .milliseconds(5))
    }
}

func isRunning(_ process: Int32) -> Bool {
    ProcessStatus(of: process).map { !$0.isGone } ?? false
}

func openDescriptors() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
}

/// A value that closures share.
final class Box<Value: Sendable>: Sendable {
    private let stored: Mutex<Value>

    init(_ value: Value) {
        stored = Mutex(value)
    }

    var value: Value {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}
