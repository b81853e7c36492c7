import Glibc
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("The end of a command")
struct EndingTests {
    let workshop = Workshop()

    @Test("A timeout ends a command and its children in every process group")
    func timeout() async throws {
        let script = """
            echo started >&2
            sleep 60 & echo $! > a
            sh -c 'trap "" TERM; echo $$ > b; while :; do sleep 1; done' &
            timeout 60 sleep 60 & echo $! > c
            cat > /dev/null
            wait
            """
        let reply = try await workshop.run(script, timeout: .milliseconds(500), grace: .milliseconds(200))
        #expect(reply.outcome == .failed("timed out after 500ms\nstarted"))
        for name in ["a", "b", "c"] {
            let process = try await workshop.process(name)
            #expect(!isRunning(process), "\(name)")
        }
    }

    @Test(
        "A command that prewarm or a signal ended gave no answer, and any exit code is an answer",
        arguments: [
            ("sleep 60", true), ("kill -KILL $$", true), ("kill -TERM $$", true), ("head -c 3000000 /dev/zero", true),
            ("exit 0", false), ("exit 1", false), ("exit 69", false), ("exit 75", false), ("echo nonsense", false),
            (#"echo '{"error": {"class": "quota"}}'; exit 1"#, false),
        ])
    func unanswered(script: String, isUnanswered: Bool) async throws {
        // The output that is too long has to come before the time limit.
        let timeout: Duration = script == "sleep 60" ? .milliseconds(500) : .seconds(60)
        let reply = try await workshop.run(script, timeout: timeout, grace: .milliseconds(200))
        #expect(reply.isUnanswered == isUnanswered, "\(reply)")
    }

    @Test("A command whose task is canceled gave no answer")
    func canceled() async throws {
        let workshop = workshop
        let task = Task { try await workshop.run("echo $$ > pid; sleep 600") }
        _ = try await workshop.process("pid")
        task.cancel()
        let reply = try await task.value
        #expect(reply.isUnanswered && !reply.isNotStarted, "\(reply)")
    }

    @Test("After SIGTERM a command has time to clean up, and the log contains its last output")
    func cleanUp() async throws {
        let script =
            "trap 'head -c 200000 /dev/zero | tr \"\\0\" x >&2; echo; echo clean >&2; exit 0' TERM\nsleep 600 & wait"
        let start = ContinuousClock.now
        let reply = try await workshop.run(script, timeout: .milliseconds(200), grace: .seconds(300))
        #expect(reply.outcome.failure?.hasPrefix("timed out after 200ms\n") == true)
        #expect(reply.log.hasSuffix("xclean\n"))
        #expect(ContinuousClock.now - start < .seconds(120))
    }

    @Test("SIGKILL ends a command that ignores SIGTERM or is stopped", arguments: ["trap '' TERM", "kill -STOP $$"])
    func stubborn(_ first: String) async throws {
        let reply = try await workshop.run(
            "echo $$ > pid\n\(first)\nwhile :; do sleep 1; done", timeout: .milliseconds(300),
            grace: .milliseconds(200))
        #expect(reply.outcome.failure?.hasPrefix("timed out") == true)
        #expect(!isRunning(try await workshop.process("pid")))
    }

    @Test("A command succeeds while a process that it left running holds the pipes")
    func heldPipes() async throws {
        let start = ContinuousClock.now
        let reply = try await workshop.run("sleep 600 & echo $! > pid; echo '{\"endpoint\":\"e\"}'")
        #expect(reply.outcome == .done(endpoint: "e", metadata: [:]))
        #expect(ContinuousClock.now - start < .seconds(120))
        let process = try await workshop.process("pid")
        #expect(isRunning(process), "processes that a successful command leaves running belong to the workspace")
        kill(process, SIGKILL)
    }

    @Test(
        "The processes that a failed command left running are ended", arguments: ["exit 1", "exit 75", "echo nonsense"])
    func leftovers(_ last: String) async throws {
        let reply = try await workshop.run("sleep 600 & echo $! > pid; \(last)")
        #expect(reply.outcome != .ready)
        #expect(!isRunning(try await workshop.process("pid")))
    }

    @Test(
        "A daemon with a session of its own survives the end of the command",
        arguments: ["exit 0", "exit 1", "sleep 60"])
    func daemon(_ last: String) async throws {
        let script =
            "setsid sh -c 'echo $$ > pid; exec sleep 600' < /dev/null > /dev/null 2>&1 &\n"
            + "while [ ! -s pid ]; do sleep 0.01; done; \(last)"
        _ = try await workshop.run(script, timeout: .seconds(1))
        let process = try await workshop.process("pid")
        #expect(isRunning(process))
        kill(process, SIGKILL)
    }

    @Test("A canceled command is ended and tried again later")
    func cancellation() async throws {
        let provisioner = try workshop.provisioner("sleep 60 & echo $! > child; echo $$ > pid; wait")
        let reply = await withTaskGroup(of: ProvisionerReply?.self) { group in
            group.addTask { await provisioner.perform(request()) { _ in } }
            let process = try? await workshop.process("pid")
            group.cancelAll()
            let reply = await group.next() ?? nil
            #expect(process.map(isRunning) == false)
            return reply
        }
        #expect(reply?.outcome == .tryLater("the command was ended because prewarm stops"))
        #expect(!isRunning(try await workshop.process("child")))
    }

    @Test("A canceled command has time to clean up")
    func gracefulCancellation() async throws {
        let script = "trap 'sleep 0.3; echo yes > clean; exit 0' TERM\necho $$ > pid; sleep 60 & wait"
        let provisioner = try workshop.provisioner(script, grace: .seconds(10))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await provisioner.perform(request()) { _ in } }
            _ = try? await workshop.process("pid")
            group.cancelAll()
        }
        #expect(workshop.read("clean") == "yes\n")
    }

    @Test("A command does not start if its task was canceled before")
    func cancelledBefore() async throws {
        let provisioner = try workshop.provisioner("touch ran")
        let reply = await withTaskGroup(of: ProvisionerReply.self) { group in
            group.cancelAll()
            group.addTask { await provisioner.perform(request()) { _ in } }
            return await group.next()
        }
        #expect(reply?.outcome == .tryLater("canceled before the command was started"))
        #expect(workshop.read("ran") == nil)
    }

    @Test("A command does not run if its start cannot be recorded")
    func startedThrows() async throws {
        struct DatabaseIsGone: Error {}
        let provisioner = try workshop.provisioner("touch ran; sleep 60")
        let process = Box<Int32>(0)
        let reply = await provisioner.perform(request()) { mark in
            process.value = mark.group
            #expect(isRunning(mark.group))
            throw DatabaseIsGone()
        }
        #expect(reply.outcome.failure?.contains("DatabaseIsGone") == true)
        #expect(!isRunning(process.value))
        #expect(workshop.read("ran") == nil)
    }

    @Test("A command runs only after its start was recorded")
    func order() async throws {
        let provisioner = try workshop.provisioner("echo $$ > pid")
        let marked = Box<ProcessMark?>(nil)
        let reply = await provisioner.perform(request()) { [workshop] mark in
            try await Task.sleep(for: .milliseconds(300))
            #expect(workshop.read("pid") == nil)
            marked.value = mark
        }
        #expect(reply.outcome == .ready)
        #expect(marked.value?.group == (try await workshop.process("pid")))
        #expect(marked.value?.bootID.count == 36)
    }

    @Test("A process that is killed before its start is recorded runs nothing")
    func killedAtTheGate() async throws {
        let provisioner = try workshop.provisioner("touch ran")
        let reply = await provisioner.perform(request()) { mark in kill(mark.group, SIGKILL) }
        #expect(reply.outcome == .failed("killed by signal SIGKILL"))
        #expect(workshop.read("ran") == nil)
    }

    @Test("Fifty commands at once leak no descriptor")
    func many() async {
        // A process of its own, because other tests open and close descriptors at the same time.
        await #expect(processExitsWith: .success) {
            let workshop = Workshop()
            let provisioner = try workshop.provisioner(
                "read line; sleep 0.4; echo '{\"endpoint\":\"e\"}'; echo log >&2")
            _ = await provisioner.perform(request()) { _ in }
            let descriptors = openDescriptors()
            let outcomes = await withTaskGroup(of: Outcome.self) { group in
                for _ in 0..<50 {
                    group.addTask { await provisioner.perform(request()) { _ in await Task.yield() }.outcome }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes == Array(repeating: .done(endpoint: "e", metadata: [:]), count: 50))
            try await eventually { openDescriptors() <= descriptors + 2 }
        }
    }
}
