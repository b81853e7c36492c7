import Foundation
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("A handover by a command")
struct HandoverAnswerTests {
    let workshop = Workshop()

    private func request(timeout: Duration? = nil) -> ProvisionerRequest {
        let spec = WorkspaceSpec(template: "go-dev", version: "1", provisioner: "local", parameters: [:])
        let workspace = Workspace(
            id: WorkspaceID("01hzy3v7k8a9b0c1d2e3f4g5h6"), preset: PresetKey(source: "main", name: "go"), spec: spec,
            fingerprint: spec.fingerprint, state: .claimed, owner: "ada", createdAt: Timestamp(seconds: 0))
        return ProvisionerRequest(
            id: OperationID("o1"), operation: .claim, attempt: 1, workspace: workspace,
            claim: ClaimDetails(
                id: "c1", expiresAt: Timestamp(seconds: 60),
                values: ClaimValues(
                    plain: ["branch": .string("fix"), "disk-size": .integer(4)], secrets: ["token": "s3cret-token"])),
            timeout: timeout)
    }

    private func handOver(_ script: String, timeout: Duration? = nil) async throws -> ProvisionerReply {
        await (try workshop.provisioner(script)).perform(request(timeout: timeout)) { _ in }
    }

    @Test("The command gets the owner, the claim and its parameters, and gives credentials")
    func whole() async throws {
        let reply = try await handOver(
            """
            cat > in; env > env
            printf '%s' '{"endpoint": "ssh://host", "credentials": {"password": "pass-word-1", "key": "a\\nb"}}'
            """)
        #expect(reply.outcome == .done(endpoint: "ssh://host", metadata: [:]), "\(reply)")
        #expect(reply.credentials == ["password": "pass-word-1", "key": "a\nb"])
        let input = try #require(workshop.read("in"))
        #expect(
            input.contains(
                #""owner":"ada","claim":{"id":"c1","expiresAt":"1970-01-01T00:01:00Z","parameters":{"branch":"fix","#
                    + #""disk-size":4,"token":"s3cret-token"}}}"#), "\(input)")
        let variables = Set((workshop.read("env") ?? "").split(separator: "\n").map(String.init))
        #expect(
            variables.isSuperset(of: [
                "PREWARM_OPERATION=claim", "PREWARM_OWNER=ada", "PREWARM_CLAIM_BRANCH=fix",
                "PREWARM_CLAIM_DISK_SIZE=4", "PREWARM_CLAIM_TOKEN=s3cret-token",
            ]))
    }

    @Test("An empty answer is a success without credentials")
    func empty() async throws {
        let reply = try await handOver("cat > /dev/null")
        #expect(reply.outcome == .done(endpoint: nil, metadata: [:]) && reply.credentials.isEmpty)
    }

    @Test(
        "An answer that breaks the contract is a failure that quotes nothing of it",
        arguments: [
            (#"echo '{"credentials": {"a": 1}}'"#, "invalid credentials: each value must be a string"),
            (#"echo '{"credentials": "pass-word"}'"#, "invalid credentials: they must be an object of strings"),
            (#"echo '{"credentials": {"a": {"b": "pass-word"}}}'"#, "invalid credentials: each value must be a string"),
            (#"echo '{"credentials": {"a b": "x"}}'"#, "invalid credentials: a name must have 1 to 128 visible ASCII"),
            (#"echo '{"credentials": {"a": "pass-word"'"#, "standard output does not end with a JSON object"),
            (
                #"awk 'BEGIN { printf "{\"credentials\": {\"a\": \""; for (i = 0; i < 70000; i++) printf "x"; print "\"}}" }'"#,
                "invalid credentials: they have more than 64 KiB"
            ),
            (
                #"awk 'BEGIN { printf "{\"credentials\": {"; for (i = 0; i < 33; i++) printf "\"k%d\": \"v\",", i; print "\"z\": \"v\"}}" }'"#,
                "invalid credentials: at most 32 are allowed, not 34"
            ),
            (#"echo '{"state": "starting"}'"#, #"invalid state "starting": an answer to claim must have "ready""#),
            ("head -c 2000000 /dev/zero | tr '\\0' x", "wrote more than 1 MiB to standard output"),
            ("exit 1", "exit code 1"), ("kill -9 $$", "killed by"), ("sleep 100", "timed out after"),
            ("head -c 200 /dev/zero | tr '\\0' '['; echo '}'", "standard output does not end with a JSON object"),
        ])
    func broken(script: String, message: String) async throws {
        let timeout: Duration? = script.hasPrefix("sleep") ? .milliseconds(500) : nil
        let reply = try await handOver("cat > /dev/null; \(script)", timeout: timeout)
        guard case .failed(let text) = reply.outcome else {
            Issue.record("no failure: \(reply)")
            return
        }
        #expect(text.contains(message), "\(text)")
        #expect(!text.contains("pass-word") && reply.credentials.isEmpty)
    }

    @Test("Exit code 75 asks for another attempt")
    func busy() async throws {
        #expect(try await handOver("echo busy >&2; exit 75").outcome == .tryLater("busy"))
    }

    @Test("Secrets and credentials are redacted in the log, the error, the endpoint and the metadata")
    func redaction() async throws {
        let answer =
            #"{"endpoint": "http://h/?t=pass-word-1", "metadata": {"m": "s3cret-token"}, "credentials": {"p": "pass-word-1"}}"#
        let good = try await handOver(
            "cat > /dev/null; echo \"$PREWARM_CLAIM_TOKEN pass-word-1\" >&2; echo '\(answer)'")
        #expect(good.outcome == .done(endpoint: "http://h/?t=***", metadata: ["m": "***"]), "\(good)")
        #expect(good.log == "*** ***\n" && good.credentials == ["p": "pass-word-1"])
        let bad = try await handOver(
            "cat > /dev/null; echo \"$PREWARM_CLAIM_TOKEN pass-word-1\" >&2; echo '\(answer)'; exit 3")
        #expect(bad.outcome == .failed("exit code 3: *** ***") && bad.log == "*** ***\n", "\(bad)")
    }
}
