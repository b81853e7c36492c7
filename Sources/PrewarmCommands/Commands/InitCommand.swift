import ArgumentParser
import Foundation
import PrewarmCore

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a starter configuration, manifests and a provisioner script.",
        discussion: """
            prewarm writes nothing if one of the files exists.

            Examples:
              prewarm init pools
              prewarm init
            """)

    @Argument(help: "The folder to write to. prewarm creates it if it is missing.", completion: .directory)
    var directory = "."

    func run() async throws {
        try await finish(try GlobalOptions.parse([])) { console in
            let root = URL(fileURLWithPath: directory)
            let existing = Starter.files.filter {
                FileManager.default.fileExists(atPath: root.appending(path: $0.path).path)
            }
            guard existing.isEmpty else {
                throw CommandFailure(
                    "cannot write the starter to \(directory): "
                        + "it already has \(existing.map(\.path).joined(separator: ", "))",
                    hint: "name another folder: `prewarm init DIR`")
            }
            do {
                for file in Starter.files { try write(file, below: root) }
            } catch {
                throw CommandFailure("cannot write the starter to \(directory): \(error.localizedDescription)")
            }
            for file in Starter.files { console.step(.success, "wrote \(file.path)") }
            console.note(TerminalText(lines: Starter.nextSteps(directory: directory)))
        }
    }

    private func write(_ file: Starter.File, below root: URL) throws {
        let url = root.appending(path: file.path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(file.text.utf8).write(to: url)
        if file.isExecutable {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
        }
    }
}
