import Glibc
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Processes that a killed prewarm left running")
struct MarkTests {
    let workshop = Workshop()

    /// Runs `body` while a command runs, with the mark of the command, as the next start of prewarm has it.
    private func whileRunning(
        _ script: String, _ body: @escaping @Sendable (CommandProvisioner, ProcessMark) async throws -> Void
    ) async throws -> ProvisionerReply {
        let provisioner = try workshop.provisioner(script)
        let mark = Box<ProcessMark?>(nil)
        async let reply = provisioner.perform(request()) { mark.value = $0 }
        try await eventually { mark.value != nil }
        if let mark = mark.value { try await body(provisioner, mark) }
        return await reply
    }

    @Test("A command is ended with its whole session")
    func same() async throws {
        let reply = try await whileRunning("sleep 60 & echo $! > a; timeout 60 sleep 60 & echo $! > b; wait") {
            [workshop] provisioner, mark in
            let processes = [try await workshop.process("a"), try await workshop.process("b")]
            await provisioner.end(mark)
            for process in processes { #expect(!isRunning(process)) }
            #expect(!isRunning(mark.group))
        }
        #expect(reply.outcome == .failed("killed by signal SIGTERM"))
    }

    @Test("A process is left alone if its start time or the boot differs")
    func reused() async throws {
        let reply = try await whileRunning("echo $$ > pid; while [ ! -e go ]; do sleep 0.02; done") {
            [workshop] provisioner, mark in
            _ = try await workshop.process("pid")
            await provisioner.end(
                ProcessMark(group: mark.group, startTime: mark.startTime - 1, bootID: mark.bootID))
            await provisioner.end(
                ProcessMark(group: mark.group, startTime: mark.startTime, bootID: "another"))
            for group: Int32 in [0, 1, -1] {
                await provisioner.end(ProcessMark(group: group, startTime: 0, bootID: mark.bootID))
            }
            #expect(isRunning(mark.group))
            try workshop.write("go", "")
        }
        #expect(reply.outcome == .ready)
    }

    @Test("A session whose leader has exited is ended if the environment of a member identifies it")
    func orphans() async throws {
        let mark = Box<ProcessMark?>(nil)
        let provisioner = try workshop.provisioner("sleep 60 > /dev/null 2>&1 & echo $! > pid")
        #expect(await provisioner.perform(request()) { mark.value = $0 }.outcome == .ready)
        let process = try await workshop.process("pid")
        #expect(isRunning(process))
        await provisioner.end(try #require(mark.value))
        #expect(!isRunning(process))
        // Ending a session that has ended does nothing.
        await provisioner.end(try #require(mark.value))
    }

    @Test("A session whose leader has exited is left alone if no member identifies it")
    func strangers() async throws {
        let mark = Box<ProcessMark?>(nil)
        let provisioner = try workshop.provisioner("env -i sleep 60 > /dev/null 2>&1 & echo $! > pid; sleep 0.1")
        #expect(await provisioner.perform(request()) { mark.value = $0 }.outcome == .ready)
        let process = try await workshop.process("pid")
        await provisioner.end(try #require(mark.value))
        #expect(isRunning(process))
        kill(process, SIGKILL)
    }

    @Test("The status line in /proc is parsed correctly for every name of a command")
    func statusLine() throws {
        let fields = "S 1 77 78 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2"
        for name in ["sh", "a b", "x) R 1 2 3 (y", ""] {
            let status = try #require(ProcessStatus(stat: Array("42 (\(name)) \(fields)\n".utf8)), "\(name)")
            #expect(status.group == 77)
            #expect(status.session == 78)
            #expect(status.startTime == 987_654)
            #expect(!status.isGone)
        }
        #expect(ProcessStatus(stat: Array("42 (sh) S 1 2\n".utf8)) == nil)
        #expect(ProcessStatus(stat: []) == nil)
        #expect(ProcessStatus(stat: Array("42 (sh) Z\(fields.dropFirst())\n".utf8))?.isGone == true)
    }
}
