import Foundation
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Running a tool")
struct ToolTests {
    let workshop = Workshop()

    private func tools(_ environment: [String: String] = [:]) -> ChildTools {
        ChildTools(environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(environment) { $1 })
    }

    private func shell(_ script: String, _ change: (inout ToolCall) -> Void = { _ in }) -> ToolCall {
        var call = ToolCall("sh", ["-c", script], workingDirectory: workshop.path)
        change(&call)
        return call
    }

    @Test("A tool gets its whole input, and returns output, log and exit code", arguments: [0, 1, 70_000, 3_000_000])
    func input(_ size: Int) async throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let output = try await tools().run(
            shell("cat; echo done >&2; exit 7") {
                $0.input = bytes
                $0.outputLimit = size
            })
        #expect(output.code == 7 && output.output == bytes && output.log == "done\n")
    }

    @Test("A tool that does not read its input succeeds")
    func unread() async throws {
        let output = try await tools().run(shell("exit 0") { $0.input = [UInt8](repeating: 1, count: 1 << 20) })
        #expect(output.code == 0 && output.output == [])
    }

    @Test("A tool has only the variables of its runner and of the call")
    func environment() async throws {
        let call = ToolCall("env", [], environment: ["ONE": "call", "TWO": "2"])
        let output = try await tools(["ONE": "runner", "THREE": "3"]).run(call)
        let lines = Set(String(decoding: output.output, as: UTF8.self).split(separator: "\n").map(String.init))
        #expect(lines == ["ONE=call", "TWO=2", "THREE=3", "PATH=/usr/local/bin:/usr/bin:/bin"])
    }

    @Test("A killed tool has the exit code 128 plus the signal")
    func killed() async throws {
        #expect(try await tools().run(shell("kill -9 $$")).code == 137)
    }

    @Test(
        "The output of a tool may have as many bytes as its limit",
        arguments: [(1000, true), (1001, false), (5_000_000, false)])
    func limit(_ size: Int, _ isAllowed: Bool) async throws {
        let call = shell("head -c \(size) /dev/zero") { $0.outputLimit = 1000 }
        if isAllowed {
            #expect(try await tools().run(call).output.count == size)
        } else {
            let failure = await #expect(throws: ToolFailure.self) { try await tools().run(call) }
            #expect(failure?.reason == .outputTooLong && failure?.message == "sh wrote more than 1000 bytes")
        }
    }

    @Test("A tool that exceeds its timeout is ended with its children")
    func timeout() async throws {
        let call = shell("sleep 600 & echo $! > child; sleep 600") { $0.timeout = .milliseconds(500) }
        let failure = await #expect(throws: ToolFailure.self) { try await tools().run(call) }
        #expect(failure?.reason == .timedOut)
        let child = try await workshop.process("child")
        #expect(ProcessStatus(of: child)?.isGone ?? true)
    }

    @Test("Canceling the caller ends the tool")
    func cancelled() async throws {
        let (tools, call) = (tools(), shell("echo $$ > self; sleep 600"))
        let workshop = workshop
        let failure = await withTaskGroup { group in
            group.addTask { () -> ToolFailure? in
                do throws(ToolFailure) {
                    _ = try await tools.run(call)
                    return nil
                } catch {
                    return error
                }
            }
            _ = try? await workshop.process("self")
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(failure?.reason == .cancelled)
        let process = try await workshop.process("self")
        #expect(ProcessStatus(of: process)?.isGone ?? true)
    }

    @Test(
        "A tool that is missing or cannot be run gives an error with a hint",
        arguments: ["no-such-tool", "./missing", "./text", "."])
    func missing(_ program: String) async throws {
        try workshop.write("text", "text")
        var call = ToolCall(program, [])
        call.workingDirectory = workshop.path
        let failure = await #expect(throws: ToolFailure.self) { try await tools().run(call) }
        #expect(failure?.reason == .cannotRun && failure?.hint != nil)
        #expect(failure?.message.contains(program) == true, "\(String(describing: failure))")
    }
}
