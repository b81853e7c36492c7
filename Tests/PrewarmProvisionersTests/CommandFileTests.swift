import Glibc
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("The file of a command")
struct CommandFileTests {
    let workshop = Workshop()

    private func provisioner(_ command: [String], workingDirectory: String? = nil) -> CommandProvisioner {
        CommandProvisioner(
            CommandSettings(
                name: "local", command: command, operations: [.create, .list], workingDirectory: workingDirectory,
                ownEnvironment: ["PATH": "relative:\(workshop.path):/usr/bin:/bin"]))
    }

    @Test("The check and the run explain why a command cannot be run")
    func problems() async throws {
        mkdir(workshop.path + "/folder", 0o755)
        mkfifo(workshop.path + "/fifo", 0o755)
        try workshop.write("plain", "#!/bin/sh\n")
        try workshop.write("shebang", "#!/no/such/interpreter -x\n", mode: 0o755)
        try workshop.write("windows", "#!/bin/sh\r\nexit 0\r\n", mode: 0o755)
        try workshop.write("empty", "", mode: 0o755)
        try workshop.write("nameless", "#!\n", mode: 0o755)
        let cases: [(String, message: String, hint: String)] = [
            ("missing", "does not exist", "create it"),
            ("plain/below", "does not exist", "correct the path"),
            ("plain", "is not executable", "chmod +x \(workshop.path)/plain"),
            ("folder", "is a directory", "set `command` to a program in this directory"),
            ("fifo", "is not a file", "set `command` to a program"),
            ("shebang", "needs the interpreter /no/such/interpreter", "correct the first line"),
            ("windows", "has Windows line ends", "sed -i"),
            ("empty", "is empty", "#! line"),
            ("nameless", "names no interpreter", "#!/bin/sh"),
        ]
        for (name, message, hint) in cases {
            let path = workshop.path + "/" + name
            let provisioner = provisioner([path])
            let problem = try #require(provisioner.check(), "\(name)")
            #expect(problem.message.hasPrefix("the command \(path) of provisioner local \(message)"))
            #expect(problem.hint?.contains(hint) == true)
            #expect(problem.hint?.first?.isUppercase == false && problem.hint?.hasSuffix(".") == false)
            let reply = await provisioner.perform(request()) { _ in }
            #expect(reply.outcome.failure?.hasPrefix(problem.message) == true, "\(name): \(reply.outcome)")
            let failure = await #expect(throws: ProvisionerFailure.self) { try await provisioner.list() }
            #expect(failure?.reason == .cannotRun)
        }
    }

    @Test("A file that is no program of this machine gives an error with a hint")
    func noProgram() async throws {
        let path = try workshop.write("binary", "\u{1}\u{2}\u{3} nothing", mode: 0o755)
        let failure = await provisioner([path]).perform(request()) { _ in }.outcome.failure
        #expect(failure?.contains("Exec format error") == true)
        #expect(failure?.contains("Use a program for this machine, or a script with a #! line") == true)
    }

    @Test("A script whose interpreter env does not find gives an error")
    func env() throws {
        let path = try workshop.write("script", "#!/usr/bin/env nosuchlanguage\n", mode: 0o755)
        #expect(provisioner([path]).check()?.message.contains("needs nosuchlanguage") == true)
    }

    @Test("A name is searched in PATH, and files that are not executable are skipped")
    func searchPath() async throws {
        let missing = provisioner(["nosuchprogram"])
        #expect(missing.check()?.message.contains("was not found in PATH") == true)
        #expect(await missing.perform(request()) { _ in }.outcome.failure?.contains("not found in PATH") == true)
        try workshop.write("true", "not executable")
        #expect(provisioner(["true"]).check() == nil)
        #expect(await provisioner(["true"]).perform(request()) { _ in }.outcome == .ready)
        try workshop.write("only-here", "not executable")
        #expect(
            provisioner(["only-here"]).check()?.message.hasSuffix("only-here of provisioner local is not executable")
                == true)
    }

    @Test("A relative path begins at the working directory")
    func relative() async throws {
        try workshop.write("folder.sh", "#!/bin/sh\npwd >&2\n", mode: 0o755)
        let provisioner = provisioner(["./folder.sh"], workingDirectory: workshop.path)
        #expect(provisioner.check() == nil)
        // A new file is busy while a child that another test forks holds it open.
        try await eventually {
            let reply = await provisioner.perform(request()) { _ in }
            if case .tryLater = reply.outcome { return false }
            #expect(reply.outcome == .ready)
            #expect(reply.log == workshop.path + "\n")
            return true
        }
        let lost = self.provisioner(["/bin/true"], workingDirectory: workshop.path + "/nowhere")
        #expect(lost.check()?.message.contains("working directory") == true)
        #expect(await lost.perform(request()) { _ in }.outcome.failure?.contains("working directory") == true)
        #expect(self.provisioner([]).check()?.message == "provisioner local has no command")
        #expect(await self.provisioner([]).perform(request()) { _ in }.outcome.failure?.contains("no command") == true)
    }
}
