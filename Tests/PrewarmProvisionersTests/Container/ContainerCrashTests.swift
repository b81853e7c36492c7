import Foundation
import PodmanSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

/// The containers that an earlier prewarm left behind when it was killed between two steps.
@Suite("Containers after a crash", .enabled(if: PodmanService.isWanted, "Podman is not installed"))
struct ContainerCrashTests {
    private static let podman = PodmanService.shared

    private static func shop() async throws -> ContainerShop {
        try await ContainerShop(spec { $0.mounts = [ContainerSpec.Mount(.volume("home-{id}"), target: "/home")] })
    }

    private static func labels(_ shop: ContainerShop, _ id: WorkspaceID) -> [String] {
        ["--label", "prewarm.workspace=\(id)", "--label", "prewarm.provisioner=\(shop.name)"]
    }

    private static func makeByHand(_ shop: ContainerShop, _ id: WorkspaceID, _ command: String...) async throws {
        let socket = try await podman.socket()
        let client = try EngineSocket(configured: socket, environment: [:], provisioner: "x")
        let document = Value.object([
            ("Image", .string(PodmanService.image)), ("Cmd", .array(command.map { .string($0) })),
            (
                "Labels",
                .object([
                    ("prewarm.workspace", .string(id.rawValue)), ("prewarm.provisioner", .string(shop.name)),
                    ("prewarm.store", "store-a"),
                ])
            ),
        ])
        try await EngineClient.with(client) { (client) throws(OperationFailure) in
            try await client.create("prewarm-\(id)", document)
        }
    }

    private static func count(_ shop: ContainerShop) async throws -> Int {
        try await podman.podman("ps", "--all", "--quiet", "--filter", "label=prewarm.provisioner=\(shop.name)")
            .split(separator: "\n").count
    }

    @Test("A container that was created and not started is replaced")
    func created() async throws {
        let (shop, id) = (try await Self.shop(), newID())
        try await Self.makeByHand(shop, id, "sleep", "1000")
        #expect(try await shop.listed() == [id: "starting"])
        #expect(await shop.create(id).outcome.isDone)
        #expect(try await shop.listed() == [id: "ready"])
        #expect(try await Self.count(shop) == 1)
        _ = await shop.delete(id)
    }

    @Test("A container that was started and not recorded is kept")
    func started() async throws {
        let (shop, id) = (try await Self.shop(), newID())
        let first = await shop.create(id)
        let container = try await shop.field(".Id", of: id)
        let second = await shop.create(id)
        #expect(first.outcome.isDone && second.outcome == first.outcome)
        #expect(try await shop.field(".Id", of: id) == container)
        #expect(second.log.contains("runs already"))
        _ = await shop.delete(id)
        #expect(try await Self.count(shop) == 0)
    }

    @Test("A container that exited in an earlier attempt is replaced")
    func exited() async throws {
        let (shop, id) = (try await Self.shop(), newID())
        try await Self.makeByHand(shop, id, "true")
        try await Self.podman.podman("start", "prewarm-\(id)")
        try await Self.podman.podman("wait", "prewarm-\(id)")
        #expect(await shop.create(id).outcome.isDone)
        #expect(try await shop.listed() == [id: "ready"])
        _ = await shop.delete(id)
    }

    @Test("Two creates of one workspace at the same time make one container")
    func simultaneous() async throws {
        let (shop, id) = (try await Self.shop(), newID())
        let outcomes = await withTaskGroup(of: Outcome.self) { group in
            for _ in 0..<4 { group.addTask { await shop.create(id).outcome } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        // One of them may be refused because the other replaces the container; the next attempt succeeds.
        #expect(outcomes.contains { $0.isDone }, "\(outcomes)")
        #expect(await shop.create(id).outcome.isDone)
        #expect(try await Self.count(shop) == 1)
        _ = await shop.delete(id)
    }

    @Test("A delete finds what a create left: only a volume, a stopped container, and what is deleted already")
    func deletes() async throws {
        let (shop, id) = (try await Self.shop(), newID())
        try await Self.podman.podman(
            "volume", "create", "--label", "prewarm.workspace=\(id)", "--label", "prewarm.provisioner=\(shop.name)",
            "home-\(id)")
        #expect(await shop.delete(id).outcome.isDone)
        #expect(try await !Self.podman.hasVolume("home-\(id)"))
        try await Self.makeByHand(shop, id, "true")
        #expect(await shop.delete(id).outcome.isDone)
        #expect(try await Self.count(shop) == 0)
        #expect(await shop.delete(id).outcome.isDone)
    }

    @Test("A create that is canceled at any moment leaves at most one container, which a delete removes")
    func canceled() async throws {
        let (shop, id) = (try await Self.shop(), newID())
        for milliseconds in [0, 5, 20, 60, 120, 250, 500, 900] {
            let task = Task { await shop.create(id) }
            try await Task.sleep(for: .milliseconds(milliseconds))
            task.cancel()
            let reply = await task.value
            switch reply.outcome {
            case .done, .tryLater: break
            default: Issue.record("after \(milliseconds) ms: \(reply)")
            }
            #expect(try await Self.count(shop) <= 1)
            if milliseconds % 20 == 0 {
                #expect(await shop.delete(id).outcome.isDone)
                #expect(try await Self.count(shop) == 0)
            }
        }
        #expect(await shop.create(id).outcome.isDone)
        #expect(await shop.delete(id).outcome.isDone)
    }

    @Test("A container with our name and other labels is never touched")
    func foreign() async throws {
        let (shop, id) = (try await Self.shop(), newID())
        try await Self.podman.podman(
            "run", "--detach", "--name", "prewarm-\(id)", PodmanService.image, "sleep", "1000")
        let message = "another container has the name prewarm-\(id): its labels are not those of the workspace"
        #expect(await shop.create(id).outcome.failure?.hasPrefix(message) == true)
        #expect(await shop.delete(id).outcome.failure?.hasPrefix(message) == true)
        #expect(await shop.inspect(id).outcome.failure?.hasPrefix(message) == true)
        #expect(try await shop.listed().isEmpty)
        #expect(try await shop.field(".State.Running", of: id) == "true")
        try await Self.podman.podman("rm", "--force", "--time", "0", "prewarm-\(id)")
    }

    @Test("A container of an image that was made from a workspace is not listed")
    func committed() async throws {
        let (shop, id) = (try await Self.shop(), newID())
        #expect(await shop.create(id).outcome.isDone)
        let image = "localhost/from-\(id)"
        try await Self.podman.podman("commit", "--quiet", "prewarm-\(id)", image)
        try await Self.podman.podman("run", "--detach", "--name", "by-hand-\(id)", image, "sleep", "1000")
        #expect(try await shop.listed() == [id: "ready"])
        #expect(await shop.delete(id).outcome.isDone)
        #expect(try await Self.podman.podman("inspect", "by-hand-\(id)", "--format", "{{.State.Running}}") == "true")
        try await Self.podman.podman("rm", "--force", "--time", "0", "by-hand-\(id)")
    }
}
