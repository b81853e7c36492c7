import Foundation
import Glibc
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

/// The process that makes children. All provisioners of a process share it.
@Suite("The spawner", .serialized)
struct SpawnerTests {
    let workshop = Workshop()

    /// The status of a process by field of `/proc/PID/status`.
    private static func status(_ process: Int32) throws -> [String: String] {
        let text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let fields = text.split(separator: "\n").compactMap { line -> (String, String)? in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces)) : nil
        }
        return Dictionary(fields) { first, _ in first }
    }

    /// The process number of the spawner of this process.
    private static func spawner() throws -> Int32? {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.first {
            guard let status = try? status($0) else { return false }
            return status["Name"] == "prewarm-spawner" && status["PPid"] == String(getpid())
                && status["State"]?.hasPrefix("Z") == false
        }
    }

    @Test("A child is a child of prewarm, and shares no memory with it while it waits at the gate")
    func separate() async throws {
        Spawner.start()
        let spawner = try #require(try Self.spawner())
        // The child of a copy of this process would have these pages, too.
        let memory = [UInt8](repeating: 1, count: 256 << 20)
        let found = Box<(parent: String?, name: String?, kilobytes: Int)?>(nil)
        let reply = try await workshop.provisioner("echo $PPID > parent").perform(request()) { mark in
            let status = try Self.status(mark.group)
            let kilobytes = status["VmRSS"]?.split(separator: " ").first.flatMap { Int($0) } ?? .max
            found.value = (status["PPid"], status["Name"], kilobytes)
        }
        #expect(reply.outcome == .ready)
        #expect(memory.count == 256 << 20)
        let child = try #require(found.value)
        #expect(child.parent == String(getpid()))
        #expect(child.name == "prewarm-child")
        let own = try #require(try Self.status(spawner)["VmRSS"]?.split(separator: " ").first.flatMap { Int($0) })
        #expect(child.kilobytes < own + (64 << 10))
        #expect(workshop.read("parent") == "\(getpid())\n")
    }

    @Test("A signal for all processes of a service does not end the spawner")
    func signaled() async throws {
        Spawner.start()
        let spawner = try #require(try Self.spawner())
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGUSR1] { kill(spawner, signal) }
        #expect(try await workshop.run("true").outcome == .ready)
        #expect(try Self.spawner() == spawner)
    }

    @Test("A child gets its arguments, its directory, its environment and no other descriptors")
    func exact() async throws {
        let script = """
            pwd > directory
            env | grep '^GREETING' > greeting
            ls /proc/$$/fd > descriptors
            """
        let provisioner = try workshop.provisioner(script, environment: ["GREETING": "it's\ta \"test\" of Grüße"])
        #expect(await provisioner.perform(request()) { _ in }.outcome == .ready)
        #expect(workshop.read("directory") == workshop.path + "\n")
        #expect(workshop.read("greeting") == "GREETING=it's\ta \"test\" of Grüße\n")
        // The shell has its script at a descriptor from 10 on.
        let descriptors = try #require(workshop.read("descriptors")).split(separator: "\n").compactMap { Int($0) }
        #expect(descriptors.filter { $0 < 10 && $0 != 3 } == [0, 1, 2])
    }
}
