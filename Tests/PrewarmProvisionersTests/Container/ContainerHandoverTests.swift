import Foundation
import PodmanSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Handovers of containers in a real Podman", .enabled(if: PodmanService.isWanted, "Podman is not installed"))
struct ContainerHandoverTests {
    private static func handOver(
        _ script: String, timeout: Duration? = nil, isRunning: Bool = true
    ) async throws -> (reply: ProvisionerReply, owner: String) {
        let shop = try await ContainerShop(spec { $0.handover = ["sh", "-c", PlaceholderText(stringLiteral: script)] })
        #expect(shop.provisioner.operations.contains(.claim))
        let id = newID()
        #expect(await shop.create(id).outcome.isDone)
        if !isRunning { _ = try await PodmanService.shared.podman("kill", "prewarm-\(id)") }
        let made = shop.request(.claim, id).workspace
        let workspace = Workspace(
            id: id, preset: made.preset, spec: made.spec, fingerprint: made.fingerprint, state: .claimed, owner: "ada",
            createdAt: made.createdAt)
        let request = ProvisionerRequest(
            id: OperationID("o1"), operation: .claim, attempt: 1, workspace: workspace,
            claim: ClaimDetails(
                id: "c1",
                values: ClaimValues(plain: ["branch": .string("fix")], secrets: ["token": "s3cret-token"])),
            timeout: timeout)
        let reply = await shop.provisioner.perform(request) { _ in }
        let owner =
            isRunning
            ? (try? await PodmanService.shared.podman("exec", "prewarm-\(id)", "cat", "/tmp/owner")) ?? "" : ""
        _ = await shop.delete(id)
        return (reply, owner)
    }

    @Test("The program gets the owner and the parameters, and gives credentials")
    func whole() async throws {
        let (reply, owner) = try await Self.handOver(
            """
            echo "$PREWARM_OWNER $PREWARM_CLAIM_BRANCH" > /tmp/owner
            echo "with $PREWARM_CLAIM_TOKEN and pass-word-1" >&2
            echo '{{"endpoint": "ssh://h", "credentials": {{"password": "pass-word-1"}}}}'
            """)
        #expect(reply.outcome == .done(endpoint: "ssh://h", metadata: [:]), "\(reply)")
        #expect(reply.credentials == ["password": "pass-word-1"])
        #expect(owner.trimmingCharacters(in: .whitespacesAndNewlines) == "ada fix")
        #expect(reply.log.trimmingCharacters(in: .whitespacesAndNewlines) == "with *** and ***")
    }

    @Test(
        "A failure is reported without secrets",
        arguments: [
            ("echo $PREWARM_CLAIM_TOKEN >&2; exit 3", "exit code 3: ***"), ("exit 75", "try again later"),
            ("sleep 1000", "timed out after 2s"), ("echo '{{\"credentials\": 1}}'", "invalid credentials"),
            ("echo pass-word", "standard output does not end with a JSON object"),
        ])
    func failures(script: String, message: String) async throws {
        let timeout: Duration? = script.hasPrefix("sleep") ? .seconds(2) : nil
        let (reply, _) = try await Self.handOver(script, timeout: timeout)
        #expect(reply.outcome.message.contains(message), "\(reply)")
        #expect(!"\(reply)".contains("s3cret-token") && !"\(reply)".contains("pass-word"), "\(reply)")
    }

    @Test("A container that has ended cannot be handed over")
    func ended() async throws {
        let (reply, _) = try await Self.handOver("true", isRunning: false)
        #expect(reply.outcome.message.hasPrefix("the container "), "\(reply)")
    }
}
