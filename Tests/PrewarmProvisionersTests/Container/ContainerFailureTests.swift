import Foundation
import PodmanSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Containers that fail in a real Podman", .enabled(if: PodmanService.isWanted, "Podman is not installed"))
struct ContainerFailureTests {
    private static func failure(_ spec: ContainerSpec) async throws -> (message: String, log: String) {
        let shop = try await ContainerShop(spec)
        let id = newID()
        let reply = await shop.create(id)
        #expect(await shop.delete(id).outcome.isDone)
        #expect(try await shop.listed().isEmpty)
        return (try #require(reply.outcome.failure, "\(reply)"), reply.log)
    }

    @Test("A container that exits at once fails with its exit code and its output")
    func exits() async throws {
        let (message, log) = try await Self.failure(
            spec { $0.command = ["sh", "-c", "echo loading; echo 'error: no licence' >&2; exit 7"] })
        #expect(
            message
                == "the container exited with code 7 before it was ready: error: no licence\nloading\nerror: no licence",
            "\(message)")
        #expect(log.contains("loading\n") && log.contains("started the container"))
    }

    @Test("A long output is cut at its beginning, and secrets in it are replaced")
    func output() async throws {
        let shop = try await ContainerShop(
            spec {
                $0.command = ["sh", "-c", "yes 0123456789 | head -n 100000; echo my $TOKEN; exit 1"]
                $0.environment = ["TOKEN": "{parameters.token}"]
            })
        let id = newID()
        let reply = await shop.create(id, parameters: ["token": .secret("TOKEN")], secrets: ["TOKEN": "correct-horse"])
        #expect(reply.outcome.failure?.hasSuffix("my ***") == true, "\(reply.outcome)")
        #expect(reply.log.utf8.count < 300_000 && !reply.log.contains("correct-horse"))
        _ = await shop.delete(id)
    }

    @Test("A container that needs more memory than its limit is ended, and the failure says so")
    func memory() async throws {
        let (message, _) = try await Self.failure(
            spec {
                $0.command = ["sh", "-c", "dd if=/dev/zero of=/dev/null bs=200M"]
                $0.memory = "16MiB"
                $0.readiness.probe = .log("never")
            })
        // The engine does not report it on every system, and then the exit code is all there is.
        #expect(
            message.contains("reached its memory limit (exit code 137)") || message.contains("exited with code 137"),
            "\(message)")
    }

    @Test("A missing program, a missing image and a foreign architecture are named")
    func images() async throws {
        let program = try await Self.failure(spec { $0.command = ["/no/such/program"] })
        #expect(program.message.contains("the image does not have the program of the container"), "\(program)")
        let image = try await Self.failure(spec(image: "localhost/prewarm-none:1"))
        #expect(
            image.message
                == "the image localhost/prewarm-none:1 does not exist on the machine of the container engine, and `pull` is "
                + "Never. Run `podman pull localhost/prewarm-none:1`, or set `pull: IfNotPresent`.", "\(image)")
        let foreign = try await Self.failure(
            spec(image: "localhost/prewarm-test:arm64") { $0.command = ["/program"] })
        #expect(foreign.message.contains("architecture"), "\(foreign)")
    }

    @Test("A container that is not ready in time fails with the reason and its output")
    func late() async throws {
        let (message, _) = try await Self.failure(
            spec {
                $0.command = ["sh", "-c", "echo waiting for the database; sleep 1000"]
                $0.ports = [ContainerSpec.Port(PublishedPort(80))]
                $0.readiness.probe = .port(PublishedPort(80))
                $0.readiness.timeout = .seconds(2)
            })
        #expect(message.hasPrefix("the container was not ready within 2s: port "), "\(message)")
        #expect(message.hasSuffix("\nwaiting for the database"), "\(message)")
        let exec = try await Self.failure(
            spec {
                $0.readiness.probe = .exec(["sh", "-c", "echo not yet; exit 3"])
                $0.readiness.timeout = .seconds(8)
            })
        #expect(exec.message.contains("exits with code 3: not yet"), "\(exec)")
        let log = try await Self.failure(
            spec {
                $0.readiness.probe = .log("listening")
                $0.readiness.timeout = .seconds(2)
            })
        #expect(log.message.contains(#"no line of its output contains "listening""#), "\(log)")
    }

    @Test("A port of the machine that is taken is named")
    func takenPort() async throws {
        let engine = try await FakeEngine { _ in nil }
        _ = engine
        let (message, _) = try await Self.failure(
            spec {
                $0.command = ["sh", "-c", "httpd -f -p 127.0.0.1:28375 & sleep 1; exec httpd -f -p 127.0.0.1:28375"]
                $0.network = "host"
                $0.readiness.probe = .log("never")
            })
        #expect(message.contains("exited with code 1") && message.contains("Address already in use"), "\(message)")
    }

    @Test("A container that stops is broken, and one that was removed is lost")
    func broken() async throws {
        let shop = try await ContainerShop(
            spec { $0.command = ["sh", "-c", "while ! test -e /tmp/stop; do sleep 0.1; done; echo done; exit 4"] })
        let (id, other) = (newID(), newID())
        for id in [id, other] { #expect(await shop.create(id).outcome.isDone) }
        let podman = PodmanService.shared
        try await podman.podman("exec", "prewarm-\(id)", "touch", "/tmp/stop")
        try await podman.podman("wait", "prewarm-\(id)")
        #expect(try await shop.listed() == [id: "stopped", other: "ready"])
        #expect(await shop.inspect(id).outcome == .broken("the container exited with code 4\ndone"))
        try await podman.podman("rm", "--force", "--time", "0", "prewarm-\(id)")
        #expect(await shop.inspect(id).outcome == .lost)
        #expect(try await shop.listed() == [other: "ready"])
        try await podman.podman("pause", "prewarm-\(other)")
        #expect(await shop.inspect(other).outcome == .broken("the container is paused"))
        #expect(await shop.delete(other).outcome.isDone)
    }
}
