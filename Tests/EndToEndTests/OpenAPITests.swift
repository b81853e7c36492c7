import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("The OpenAPI description")
struct OpenAPITests {
    /// Schemathesis tests the server with valid and invalid requests of its description.
    @Test(
        "The API conforms to its OpenAPI description",
        arguments: [
            // `claim` and `sync` wait for a pool, so they only get requests that are refused at once.
            [
                "--phases", "examples,coverage,fuzzing", "--exclude-operation-id", "claim", "--exclude-operation-id",
                "claimSelected", "--exclude-operation-id",
                "sync",
            ],
            ["--phases", "coverage", "--mode", "negative"],
        ])
    func agreement(options: [String]) async throws {
        guard ProcessInfo.processInfo.environment["CI"] != nil || Self.isInstalled else { return }
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 2, "  onEmpty: create"),
            "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        // The status 422 is for an idempotency key that was used for another request.
        try sandbox.write(
            "schemathesis.toml",
            """
            [checks.positive_data_acceptance]
            expected-statuses = ["2xx", "304", "401", "403", "404", "409", "422", "429", "503"]
            """)
        try await sandbox.serve { daemon in
            try await daemon.eventually("they are ready") { try await daemon.isReady("a", 2) }
            let arguments =
                [
                    "--config-file", "schemathesis.toml", "run", daemon.url + "/api/v1/openapi.json", "--url",
                    daemon.url + "/api/v1", "--max-examples", "12", "--seed", "7", "--max-failures", "20",
                    "--request-timeout", "20", "--no-color", "--header", "Authorization: Bearer \(daemon.localToken)",
                ] + options
            let result = try await Subprocess.run(
                .name("schemathesis"), arguments: Arguments(arguments),
                workingDirectory: FilePath(sandbox.root.path), output: .string(limit: 4 << 20),
                error: .string(limit: 1 << 20))
            #expect(result.terminationStatus == .exited(0), "\(result.standardOutput)\(result.standardError)")
            #expect(!daemon.log.contains(" error "), "\(daemon.log)")
        }
    }

    private static var isInstalled: Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/schemathesis")
        }
    }
}
