import Foundation
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

/// Answers that no engine sends, or that come too late.
@Suite("Answers of a container engine")
struct EngineAnswerTests {
    private static func provisioner(
        _ engine: FakeEngine, timeout: Duration = .seconds(240), _ change: (inout ContainerSpec) -> Void = { _ in }
    ) -> ContainerProvisioner {
        ContainerProvisioner(
            ContainerSettings(
                name: "local",
                spec: spec {
                    $0.socket = engine.path
                    change(&$0)
                }, timeout: timeout, grace: .zero))
    }

    private static func failure(_ provisioner: ContainerProvisioner) async -> ProvisionerFailure? {
        do throws(ProvisionerFailure) {
            _ = try await provisioner.list()
            return nil
        } catch {
            return error
        }
    }

    private static func head(_ more: String) -> [UInt8] { Array("HTTP/1.1 200 OK\r\n\(more)\r\n\r\n".utf8) }

    @Test(
        "An answer to the first call that no engine sends is refused",
        arguments: [
            FakeEngine.Answer.json(200, "{}"), .last(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)), .json(404, "not here"),
            .bytes(head("Api-Version: 1.41/../../x\r\nContent-Length: 0")),
            .bytes(head("Api-Version: \r\nContent-Length: 0")),
            .endless(head("Api-Version: 1.41"), again: Array(repeating: 65, count: 1000)),
            .endless(
                Array("HTTP/1.1 200 OK\r\n".utf8), again: Array("X-A: \(String(repeating: "a", count: 1000))\r\n".utf8)),
        ])
    func noEngine(answer: FakeEngine.Answer) async throws {
        let engine = try await FakeEngine { _ in answer }
        let failure = try #require(await Self.failure(Self.provisioner(engine)))
        #expect(failure.reason == .badAnswer, "\(failure)")
        #expect(failure.message.contains("cannot use the answer of the container engine at \(engine.path)"))
        #expect(failure.message.utf8.count < 1000 && failure.hint != nil)
    }

    @Test(
        "A list that is no list is refused as a whole",
        arguments: [
            "{}", "[", "null", "[{\"Names\": ", "[1, 2", "\u{fffe}", String(repeating: "[", count: 100_000),
            "[{\"Id\": \"a\", \"Id\": \"b\"}]",
        ])
    func noList(body: String) async throws {
        let engine = try await FakeEngine.engine { $0 == "GET /containers/json" ? .json(200, body) : nil }
        let failure = try #require(await Self.failure(Self.provisioner(engine)))
        #expect(failure.reason == .badAnswer, "\(failure)")
        #expect(failure.message.utf8.count < 1000)
    }

    @Test("Entries of a list that are not ours are left out")
    func entries() async throws {
        let id = "01hzy3v7k8a9b0c1d2e3f4g5h6"
        func entry(_ name: String, _ labels: String, _ state: String = "running", _ status: String = "Up") -> String {
            #"{"Names": ["/\#(name)"], "Labels": \#(labels), "State": "\#(state)", "Status": "\#(status)"}"#
        }
        let ours = #"{"prewarm.workspace": "\#(id)", "prewarm.provisioner": "local", "prewarm.store": "s"}"#
        let entries = [
            "1", "null", "{}", entry("prewarm-\(id)", "null"), entry("copy-of-\(id)", ours),
            entry("prewarm-\(id)", #"{"prewarm.workspace": "\#(id)", "prewarm.provisioner": "other"}"#),
            entry("prewarm-\(id)", ours, "running", "Up 3 hours (unhealthy)"),
            entry("prewarm-x/../y", #"{"prewarm.workspace": "x/../y", "prewarm.provisioner": "local"}"#),
        ]
        let engine = try await FakeEngine.engine {
            $0 == "GET /containers/json" ? .json(200, "[\(entries.joined(separator: ","))]") : nil
        }
        let listed = try await Self.provisioner(engine).list()
        #expect(listed == [ListedWorkspace(id: WorkspaceID(id), state: "unhealthy", store: "s")])
    }

    @Test(
        "The words of the engines become states of the contract",
        arguments: [
            ("running", "ready"), ("created", "starting"), ("exited", "stopped"), ("paused", "stopped"),
            ("dead", "stopped"), ("removing", "deleting"), ("restarting", "starting"),
        ])
    func states(word: String, state: String) async throws {
        let id = "01hzy3v7k8a9b0c1d2e3f4g5h6"
        let entry = #"""
            [{"Names": ["/prewarm-\#(id)"], "State": "\#(word)", "Status": "",
              "Labels": {"prewarm.workspace": "\#(id)", "prewarm.provisioner": "local"}}]
            """#
        let engine = try await FakeEngine.engine { $0 == "GET /containers/json" ? .json(200, entry) : nil }
        #expect(try await Self.provisioner(engine).list().map(\.state) == [state])
    }

    @Test("An endless answer ends at the size limit")
    func endless() async throws {
        let engine = try await FakeEngine.engine {
            $0 == "GET /containers/prewarm-\(request().workspace.id)/json"
                ? .endless(Self.head("Content-Type: application/json"), again: Array(repeating: 0x20, count: 1 << 16))
                : nil
        }
        let reply = await Self.provisioner(engine).perform(request(.inspect)) { _ in }
        #expect(reply.outcome.message.contains("it has more than 4096 KiB"), "\(reply)")
    }

    @Test(
        "A silent or slow engine is no failure of the preset, and the operation ends at its limit",
        arguments: [FakeEngine.Answer.silence, .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".utf8))])
    func silence(answer: FakeEngine.Answer) async throws {
        let engine = try await FakeEngine.engine { $0.hasPrefix("GET /containers/") ? answer : nil }
        let start = ContinuousClock.now
        let reply = await Self.provisioner(engine, timeout: .seconds(2)).perform(request(.create)) { _ in }
        #expect(reply.outcome.message.hasPrefix("timed out after 2s"), "\(reply)")
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("An engine that ends a connection is asked again later", arguments: ["GET /_ping", "GET /containers/"])
    func ended(call: String) async throws {
        let engine = try await FakeEngine.engine { $0.hasPrefix(call) ? .end : nil }
        let reply = await Self.provisioner(engine).perform(request(.create)) { _ in }
        guard case .tryLater(let message) = reply.outcome else { throw TestProblem("\(reply)") }
        #expect(message.contains("closed the connection during \(call)"), "\(message)")
    }

    @Test("Half an answer is asked for again later")
    func half() async throws {
        let engine = try await FakeEngine.engine {
            $0.hasPrefix("GET /containers/")
                ? .last(Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"State\":".utf8)) : nil
        }
        let reply = await Self.provisioner(engine).perform(request(.delete)) { _ in }
        guard case .tryLater = reply.outcome else { throw TestProblem("\(reply)") }
    }

    @Test("A canceled operation ends at once and is no failure")
    func canceled() async throws {
        let engine = try await FakeEngine.engine { $0.hasPrefix("GET /containers/") ? .silence : nil }
        let provisioner = Self.provisioner(engine)
        let task = Task { await provisioner.perform(request(.create)) { _ in } }
        try await eventually { engine.received.contains { $0.hasPrefix("GET /containers/") } }
        task.cancel()
        #expect(await task.value.outcome == .tryLater("the operation was ended because prewarm stops"))
    }

    @Test(
        "A missing, dead or forbidden socket is named with the next step, and nothing fails",
        arguments: [("", "the socket does not exist"), ("file", "no process listens at the socket")])
    func noSocket(file: String, cause: String) async throws {
        let folder = Workshop()
        if !file.isEmpty { try folder.write(file, "") }
        let socket = "\(folder.path)/\(file.isEmpty ? "none" : file)"
        let provisioner = ContainerProvisioner(ContainerSettings(name: "local", spec: spec { $0.socket = socket }))
        let reply = await provisioner.perform(request(.create)) { _ in }
        #expect(
            reply.outcome
                == .refused(
                    ProviderError(
                        .outage,
                        "cannot connect to the container engine at \(socket): \(cause). "
                            + "Start the engine, or correct the path of its socket.")))
        #expect(reply.isNotStarted)
        #expect(await Self.failure(provisioner)?.reason == .cannotRun)
    }

    @Test("A socket without permission is named with the group")
    func noPermission() throws {
        let socket = try EngineSocket(configured: "unix:///var/run/docker.sock", environment: [:], provisioner: "local")
        #expect(
            socket.failure(EACCES).text
                == "cannot connect to the container engine at /var/run/docker.sock: prewarm has no permission to use the "
                + "socket. Add the user of prewarm to the group of the socket, and start prewarm again.")
        #expect(socket.failure(ENOENT).hint == "Start it: `systemctl start docker`.")
    }

    @Test(
        "A path that the system cannot use is refused",
        arguments: ["relative", "/\(String(repeating: "a", count: 120))"])
    func path(path: String) {
        #expect(throws: OperationFailure.self) {
            try EngineSocket(configured: path, environment: [:], provisioner: "local")
        }
    }

    @Test("Without a configured socket, DOCKER_HOST decides")
    func dockerHost() async throws {
        let engine = try await FakeEngine.engine { $0 == "GET /containers/json" ? .json(200, "[]") : nil }
        func provisioner(_ host: String) -> ContainerProvisioner {
            ContainerProvisioner(
                ContainerSettings(name: "local", spec: spec(), ownEnvironment: ["DOCKER_HOST": host]))
        }
        #expect(try await provisioner("unix://\(engine.path)").list().isEmpty)
        let failure = try #require(await Self.failure(provisioner("tcp://10.0.0.1:2375")))
        #expect(failure.message == "cannot use DOCKER_HOST=tcp://10.0.0.1:2375: it is no Unix socket")
        #expect(failure.hint == "Set `container.socket` of provisioner local to the path of a socket.")
    }

    @Test(
        "Errors of the engine are in plain words with the next step",
        arguments: [
            (
                "write /var/lib/docker/tmp: no space left on device", "the disk of the container engine is full",
                "Free space"
            ),
            ("exec /app: exec format error", "another processor architecture", "Use an image for"),
            (
                "driver failed programming external connectivity: Bind for 127.0.0.1:80 failed: port is already allocated",
                "a port is taken by another program", "End the other program"
            ),
            (
                "exec: \"/nope\": stat /nope: no such file or directory: unknown",
                "the image does not have the program of the container", "Set `entrypoint` and `command`"
            ),
            ("invalid reference format", "the name of the image is not valid", "Correct `image`"),
            ("something else\u{1b}[31m\nAuthorization: Bearer abcdef", "something else", ""),
        ])
    func words(message: String, words: String, hint: String) async throws {
        let body = Value.object([("message", .string(message))]).compactJSON
        let engine = try await FakeEngine.engine { call in
            switch call {
            case "POST /containers/create": .json(500, body)
            case "GET /images/localhost/prewarm-test:1/json": .json(200, #"{"Architecture": "amd64"}"#)
            default: nil
            }
        }
        let reply = await Self.provisioner(engine).perform(request(.create)) { _ in }
        let text = try #require(reply.outcome.failure, "\(reply)")
        #expect(text.hasPrefix("the container engine reports: \(words)") || text.contains(words), "\(text)")
        #expect(
            (hint.isEmpty || text.contains(hint)) && !text.contains("\u{1b}") && !text.contains("abcdef"), "\(text)")
    }

    @Test("A list of volumes that fails because another volume was removed is asked for again")
    func volumes() async throws {
        let answers = Box(0)
        let engine = try await FakeEngine.engine { call in
            guard call == "GET /volumes" else { return nil }
            answers.value += 1
            return answers.value < 3
                ? .json(500, #"{"message": "no volume with name x found in database: no such volume"}"#)
                : .json(200, #"{"Volumes": []}"#)
        }
        #expect(await Self.provisioner(engine).perform(request(.delete)) { _ in }.outcome.isDone)
        #expect(answers.value == 3)
    }

    @Test("A pull that reports an error or hostile progress fails in plain words")
    func pull() async throws {
        let progress = """
            {"status": "Pulling from library/x", "id": "1"}
            {"status": "Downloading", "progressDetail": {"current": 1, "total": 2}, "id": "a"}
            \(String(repeating: "[", count: 5000))
            {"status": "evil\\u001b[2J\\nline", "id": "a"}
            {"errorDetail": {"message": "manifest unknown"}, "error": "manifest unknown"}

            """
        let engine = try await FakeEngine.engine { call in
            switch call {
            case "POST /images/create":
                .bytes(Self.head("Content-Length: \(progress.utf8.count)") + Array(progress.utf8))
            default: nil
            }
        }
        let reply = await Self.provisioner(engine) { $0.pull = .always }.perform(request(.create)) { _ in }
        #expect(
            reply.outcome.failure?.hasPrefix(
                "cannot pull the image localhost/prewarm-test:1: manifest unknown. Check the name of the image")
                == true,
            "\(reply)")
        #expect(reply.log.contains("1: Pulling from library/x\n") && !reply.log.contains("Downloading"))
        #expect(reply.log.contains("a: evil[2J line\n"), "\(reply.log)")
    }

    @Test("The output of a container is read in pieces of any size, also without headers")
    func frames() {
        let stream: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 3] + Array("one".utf8) + [2, 0, 0, 0, 0, 0, 1, 0]
            + [UInt8](repeating: 65, count: 256)
        for size in [1, 2, 7, 8, 11, 300] {
            var (frames, output) = (OutputFrames(), [UInt8]())
            for start in stride(from: 0, to: stream.count, by: size) {
                frames.append(stream[start..<min(start + size, stream.count)]) { output += $0 }
            }
            #expect(output == Array("one".utf8) + [UInt8](repeating: 65, count: 256), "\(size)")
        }
        var (frames, output) = (OutputFrames(), [UInt8]())
        frames.append(Array("a plain text of a terminal".utf8)) { output += $0 }
        #expect(output == Array("a plain text of a terminal".utf8))
    }
}

struct TestProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
