import AsyncHTTPClient
import Foundation
import NIOCore
import PodmanSupport
import Subprocess
import SystemPackage
import Testing

@Suite("Containers and the prewarm command", .enabled(if: PodmanService.isWanted, "Podman is not installed"))
struct ContainerTests {
    /// A provisioner name of its own, because all tests share a Podman.
    private let provisioner = "e2e-\(UUID().uuidString.prefix(8).lowercased())"

    private func sandbox(_ more: String = "") async throws -> Sandbox {
        let socket = try await PodmanService.shared.socket()
        return try await Sandbox(
            configuration: """
                apiVersion: prewarm/v1
                kind: Config
                store: sqlite:prewarm.db
                sources:
                  - {name: presets, url: "file://ROOT/repo", ref: {branch: main}, path: presets}
                provisioners:
                  - name: \(provisioner)
                    grace: 0s
                    container:
                      socket: \(socket)
                      image: localhost/prewarm-test:{version}
                      pull: Never
                      command: [httpd, -f, -p, "8080", -h, /www]
                      ports: [8080]
                      endpoint: http://127.0.0.1:{ports.8080}/
                      readiness: {http: {port: 8080}, timeout: 4m}
                \(more)
                """)
    }

    private func preset(_ name: String, instances: Int, version: String = "1") -> String {
        Sandbox.preset(name, instances: instances, version: version)
    }

    /// Returns the ids of the workspaces whose containers exist.
    private func containers() async throws -> Set<String> {
        let names = try await PodmanService.shared.podman(
            "ps", "--all", "--filter", "label=prewarm.provisioner=\(provisioner)", "--format", "{{.Names}}")
        return Set(names.split(separator: "\n").map { String($0.dropFirst("prewarm-".count)) })
    }

    @Test("A pool of containers is filled, claimed, rolled to a new version, released and emptied")
    func session() async throws {
        let sandbox = try await sandbox()
        try await sandbox.commit(["go.yaml": preset("go", instances: 2)])
        let sync = try await sandbox.prewarm("sync", "--wait", "--timeout", "4m")
        #expect(sync.code == 0, "\(sync)")
        let claim = try await sandbox.prewarm("claim", "go", "--owner", "ada", "-o", "json")
        let endpoint = try #require(try claim.json()["endpoint"]?.string, "\(claim)")
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: endpoint), timeout: .seconds(60))
        #expect(try await String(buffer: response.body.collect(upTo: 1024)) == "a workspace\n")
        let id = try #require(try claim.json()["id"]?.string)
        #expect(try await containers().contains(id))

        try await sandbox.commit(["go.yaml": preset("go", instances: 2, version: "2")])
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
        let workspaces = try await sandbox.prewarm("get", "workspaces", "-o", "json").json().list
        #expect(workspaces.filter { $0["state"]?.string == "ready" }.map { $0["version"]?.string } == ["2", "2"])
        #expect(try await containers() == Set(workspaces.compactMap { $0["id"]?.string }))

        let name = try #require(try claim.json()["name"]?.string)
        let release = try await sandbox.prewarm("release", name)
        #expect(release.code == 0, "\(release)")
        #expect(try await !containers().contains(id))
        try await sandbox.commit(["go.yaml": preset("go", instances: 0)])
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
        #expect(try await containers().isEmpty)
    }

    @Test("Syncs that are killed at any moment leave no container too many and forget none")
    func killed() async throws {
        let sandbox = try await sandbox("policy: {deletionGuard: {percent: 100}}")
        var kills = 0
        for round in 1...6 {
            try await sandbox.commit(["go.yaml": preset("go", instances: 1 + round % 3, version: "\(1 + round % 2)")])
            kills += try await sandbox.killSyncs(2 * round - kills, after: 20...900, tries: 20)
        }
        let last = try await sandbox.prewarm("sync", "--wait", "--timeout", "4m")
        #expect(last.code == 0 && kills > 0, "\(last.err)")
        let known = try await sandbox.prewarm("export").json()["workspaces"]?.list.compactMap { $0["id"]?.string }
        #expect(try await containers() == Set(known ?? []))
        try await sandbox.commit(["go.yaml": preset("go", instances: 0)])
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
        #expect(try await containers().isEmpty)
    }

    @Test("A container that was removed by hand is replaced, and one of another store is an orphan that stays")
    func drift() async throws {
        let sandbox = try await sandbox()
        let other = try await self.sandbox()
        for (sandbox, count) in [(sandbox, 3), (other, 1)] {
            try await sandbox.commit(["go.yaml": preset("go", instances: count)])
            #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
        }
        let orphans = try await sandbox.prewarm("sync", "--refresh")
        #expect(orphans.err.contains("lists 1 orphan"), "\(orphans.err)")
        let own = try await sandbox.prewarm("get", "workspaces", "-o", "json").json().list.first?["id"]?.string
        let id = try #require(own)
        try await PodmanService.shared.podman("rm", "--force", "--time", "0", "prewarm-\(id)")
        #expect(try await sandbox.prewarm("sync", "--refresh", "--wait", "--timeout", "4m").code == 0)
        let now = try await containers()
        #expect(now.count == 4 && !now.contains(id))
        for sandbox in [sandbox, other] {
            try await sandbox.commit(["go.yaml": preset("go", instances: 0)])
            #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
        }
        #expect(try await containers().isEmpty)
    }

    @Test("Without an engine, sync and doctor say so with the next step, and the preset does not stall")
    func noEngine() async throws {
        let sandbox = try await sandbox()
        let text = String(decoding: try #require(sandbox.bytes("prewarm.yaml")), as: UTF8.self)
        let socket = try await PodmanService.shared.socket()
        try sandbox.write("prewarm.yaml", text.replacing(socket, with: sandbox.root.appending(path: "none.sock").path))
        try await sandbox.commit(["go.yaml": preset("go", instances: 1)])
        let sync = try await sandbox.prewarm("sync")
        #expect(sync.code == 1, "\(sync)")
        #expect(sync.err.contains("cannot connect to the container engine at "), "\(sync.err)")
        #expect(sync.err.contains("the socket does not exist. Start the engine"), "\(sync.err)")
        let doctor = try await sandbox.prewarm("doctor")
        #expect(doctor.code == 1 && doctor.out.contains("✗ provisioner \(provisioner)"), "\(doctor)")
        let preset = try await sandbox.prewarm("get", "presets", "-o", "json").json()[0]
        #expect(preset?["failures"]?.int ?? 0 == 0)
        try sandbox.write("prewarm.yaml", text)
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
        try await sandbox.commit(["go.yaml": self.preset("go", instances: 0)])
        #expect(try await sandbox.prewarm("sync", "--wait", "--timeout", "4m").code == 0)
    }

    @Test("The example of containers makes workspaces of both versions")
    func example() async throws {
        let socket = try await PodmanService.shared.socket()
        let folder = GuidePage.root.appending(path: "examples")
        let images = try await Subprocess.run(
            .path(FilePath(folder.appending(path: "containers/images").path)), arguments: [socket, "1.0.0", "1.1.0"],
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        #expect(images.terminationStatus.isSuccess, "\(images)")
        let example = try String(contentsOf: folder.appending(path: "containers/prewarm.yaml"), encoding: .utf8)
        let sandbox = try await Sandbox(
            configuration: example.replacing("    url: presets", with: "    url: repo")
                .replacing("    ref:", with: "    path: presets\n    ref:")
                .replacing("name: local", with: "name: \(provisioner)")
                .replacing("    container:", with: "    container:\n      socket: \(socket)"))
        for name in ["greeter", "greeter-en", "greeter-de"] {
            let text = try String(contentsOf: folder.appending(path: "repository/\(name).yaml"), encoding: .utf8)
            try await sandbox.commit([
                "\(name).yaml": text.replacing("provisioner: local", with: "provisioner: \(provisioner)")
            ])
        }
        let sync = try await sandbox.prewarm("sync", "--wait", "--timeout", "4m")
        #expect(sync.code == 0, "\(sync)")
        let claim = try await sandbox.prewarm("claim", "greeter-de", "--owner", "ada", "-o", "json")
        let endpoint = try #require(try claim.json()["endpoint"]?.string, "\(claim)")
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: endpoint), timeout: .seconds(60))
        let greeting = try await String(buffer: response.body.collect(upTo: 1024))
        #expect(greeting == "{\"greeting\": \"Guten Tag\", \"version\": \"1.0.0\"}\n")
        for id in try await containers() {
            try await PodmanService.shared.podman("rm", "--force", "--time", "0", "prewarm-\(id)")
        }
    }
}
