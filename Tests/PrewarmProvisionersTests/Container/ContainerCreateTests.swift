import Foundation
import PodmanSupport
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Containers of a real Podman", .enabled(if: PodmanService.isWanted, "Podman is not installed"))
struct ContainerCreateTests {
    @Test("A workspace is created, listed, inspected and deleted")
    func life() async throws {
        let shop = try await ContainerShop(
            spec {
                $0.command = ["httpd", "-f", "-p", "8080", "-h", "/bin"]
                $0.ports = [ContainerSpec.Port(PublishedPort(8080))]
                $0.endpoint = "http://127.0.0.1:{ports.8080}/{preset}/{name}"
                $0.readiness.probe = .http(PublishedPort(8080), path: "/busybox")
            })
        let id = newID()
        let reply = await shop.create(id)
        let port = try #require(reply.outcome.metadata["port.8080"], "\(reply)")
        #expect(reply.outcome.endpoint == "http://127.0.0.1:\(port)/go-large/go-large-\(id.rawValue.suffix(8))")
        #expect(reply.outcome.metadata["container"] == "prewarm-\(id)")
        #expect(try await shop.provisioner.list() == [ListedWorkspace(id: id, state: "ready", store: "store-a")])
        #expect(await shop.inspect(id).outcome == reply.outcome)
        #expect(try await shop.field(".HostConfig.PortBindings", of: id).contains("127.0.0.1"))

        #expect(await shop.delete(id).outcome.isDone)
        #expect(try await shop.listed().isEmpty)
        #expect(await shop.inspect(id).outcome == .lost)
        #expect(await shop.delete(id).outcome.isDone)
    }

    @Test("The container has the labels, limits, variables and mounts of the configuration")
    func fields() async throws {
        let folder = Workshop()
        try folder.write("file", "of the host")
        let shop = try await ContainerShop(
            spec(image: "localhost/prewarm-test:{version}") {
                $0.memory = "{parameters.memory}MiB"
                $0.cpus = "{parameters.cpus}"
                $0.user = "1000:1000"
                $0.environment = ["GREETING": "hello {parameters.who}", "TOKEN": "{parameters.token}"]
                $0.labels = ["team": "{parameters.team}"]
                $0.mounts = [
                    ContainerSpec.Mount(
                        .bind(PlaceholderText(stringLiteral: folder.path)), target: "/host", isReadOnly: true),
                    ContainerSpec.Mount(.volume("home-{id}"), target: "/home/dev"),
                ]
            })
        let id = newID()
        let reply = await shop.create(
            id, version: "2",
            parameters: [
                "memory": .integer(64), "cpus": .number(0.5), "who": .string("$(id); a=b\n\"c\""),
                "team": .string("platform"), "token": .secret("TOKEN"),
            ], secrets: ["TOKEN": "correct-horse"])
        #expect(reply.outcome.isDone, "\(reply)")
        #expect(!reply.log.contains("correct-horse"))
        #expect(try await shop.field(".HostConfig.Memory", of: id) == "\(64 << 20)")
        #expect(try await shop.field(".HostConfig.NanoCpus", of: id) == "500000000")
        #expect(try await shop.field(".Config.User", of: id) == "1000:1000")
        #expect(try await shop.field(".ImageName", of: id) == "localhost/prewarm-test:2")
        #expect(try await shop.field(".Config.Hostname", of: id) == "go-large-\(id.rawValue.suffix(8))")
        let environment = try await shop.field("json .Config.Env", of: id)
        #expect(environment.contains(#""GREETING=hello $(id); a=b\n\"c\"""#), "\(environment)")
        #expect(environment.contains(#""TOKEN=correct-horse""#))
        let labels = try await shop.field("json .Config.Labels", of: id)
        for label in [
            #""team":"platform""#, #""prewarm.workspace":"\#(id)""#, #""prewarm.store":"store-a""#,
            #""prewarm.operation":"\#(id)""#, #""prewarm.preset":"presets/go-large""#, #""prewarm.version":"2""#,
            #""prewarm.provisioner":"\#(shop.name)""#,
        ] { #expect(labels.contains(label), "\(label): \(labels)") }
        let podman = PodmanService.shared
        #expect(try await podman.podman("exec", "prewarm-\(id)", "cat", "/host/file") == "of the host")
        await #expect(throws: PodmanService.Failure.self) {
            try await podman.podman("exec", "prewarm-\(id)", "touch", "/host/new")
        }
        #expect(try await podman.hasVolume("home-\(id)"))
        #expect(await shop.delete(id).outcome.isDone)
        #expect(try await !podman.hasVolume("home-\(id)"))
    }

    @Test("A delete keeps the volumes of other workspaces and shared volumes")
    func volumes() async throws {
        let shared = "shared-\(UUID().uuidString.lowercased())"
        let shop = try await ContainerShop(
            spec {
                $0.mounts = [
                    ContainerSpec.Mount(.volume("own-{id}"), target: "/own"),
                    ContainerSpec.Mount(.volume(PlaceholderText(stringLiteral: shared)), target: "/shared"),
                ]
            })
        let (first, second) = (newID(), newID())
        for id in [first, second] { #expect(await shop.create(id).outcome.isDone) }
        #expect(await shop.delete(first).outcome.isDone)
        #expect(await shop.delete(second).outcome.isDone)
        #expect(try await PodmanService.shared.hasVolume(shared))
        for id in [first, second] { #expect(try await !PodmanService.shared.hasVolume("own-\(id)")) }
        try await PodmanService.shared.podman("volume", "rm", shared)
    }

    @Test(
        "A container is ready when its test passes, and not before",
        arguments: [
            (
                "touch /tmp/a; sleep 2; touch /tmp/ready; sleep 1000",
                ContainerSpec.Readiness.Probe.exec(["test", "-e", "/tmp/ready"])
            ),
            ("sleep 2; touch /tmp/ready; echo the service listens; sleep 1000", .log("service listens")),
            ("sleep 2; touch /tmp/ready; exec nc -ll -p 8080 -e cat", .port(PublishedPort(8080))),
            ("sleep 2; touch /tmp/ready; exec httpd -f -p 8080 -h /tmp", .http(PublishedPort(8080), path: "/ready")),
            ("touch /tmp/ready; exec sleep 1000", .running),
        ])
    func readiness(script: String, probe: ContainerSpec.Readiness.Probe) async throws {
        let shop = try await ContainerShop(
            spec {
                $0.command = ["sh", "-c", PlaceholderText(stringLiteral: script)]
                $0.ports = [ContainerSpec.Port(PublishedPort(8080))]
                $0.readiness.probe = probe
            })
        let id = newID()
        let reply = await shop.create(id)
        #expect(reply.outcome.isDone, "\(reply)")
        try await PodmanService.shared.podman("exec", "prewarm-\(id)", "test", "-e", "/tmp/ready")
        #expect(await shop.inspect(id).outcome.isDone)
        _ = await shop.delete(id)
    }

    @Test("The network of the machine needs no published ports")
    func hostNetwork() async throws {
        let shop = try await ContainerShop(
            spec {
                $0.command = ["httpd", "-f", "-p", "127.0.0.1:28374", "-h", "/bin"]
                $0.network = "host"
                $0.ports = [ContainerSpec.Port(PublishedPort(28374))]
                $0.endpoint = "http://127.0.0.1:{ports.28374}"
                $0.readiness.probe = .port(PublishedPort(28374))
            })
        let id = newID()
        let reply = await shop.create(id)
        #expect(reply.outcome.endpoint == "http://127.0.0.1:28374", "\(reply)")
        _ = await shop.delete(id)
    }

    @Test("An image is pulled with the login and its progress in the log, and only once with IfNotPresent")
    func pull() async throws {
        let registry = try await PodmanService.shared.registry()
        let image = "\(registry)/dev/{parameters.image}:1"
        let pulled = spec(image: PlaceholderText(stringLiteral: image)) {
            $0.login = ContainerSpec.Login(username: "ada", password: "correct-horse")
            $0.pull = .ifNotPresent
        }
        let shop = try await ContainerShop(pulled)
        let (first, second) = (newID(), newID())
        let reply = await shop.create(first, parameters: ["image": .string("test")])
        #expect(reply.outcome.isDone, "\(reply)")
        #expect(reply.log.contains("pulled the image \(registry)/dev/test:1"), "\(reply.log)")
        let again = await shop.create(second, parameters: ["image": .string("test")])
        #expect(again.outcome.isDone && !again.log.contains("pull"), "\(again)")
        for id in [first, second] { _ = await shop.delete(id) }

        var wrong = pulled
        wrong.login = ContainerSpec.Login(username: "ada", password: "wrong-horse")
        wrong.pull = .always
        let refused = await (try ContainerShop(wrong)).create(newID(), parameters: ["image": .string("test")])
        let message = refused.outcome.failure ?? ""
        #expect(message.hasPrefix("cannot pull the image \(registry)/dev/test:1: "), "\(message)")
        #expect(message.contains("`podman pull \(registry)/dev/test:1`"), "\(message)")
        #expect(!(message + refused.log).contains("wrong-horse"))
    }
}
