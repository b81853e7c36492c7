import ArgumentParser
import Foundation
import PrewarmCore

struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Write the manual pages of all commands to a folder.",
        discussion: """
            `man` finds them in a folder `man1` below a folder of MANPATH. With SOURCE_DATE_EPOCH, the pages have the \
            date of that time (default: now).

            Examples:
              prewarm manual ~/.local/share/man/man1
              man prewarm-claim
            """)

    @Argument(help: "The folder to write to. prewarm creates it if it is missing.", completion: .directory)
    var folder: String

    func run() throws {
        do {
            let seconds = Environment.value("SOURCE_DATE_EPOCH").flatMap { Int64(UInt32($0) ?? 0) }
            let now = seconds.map { Timestamp(seconds: $0) } ?? .now
            let url = URL(fileURLWithPath: folder)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            for page in try Manual(date: String("\(now)".prefix(10))).pages {
                try Data(page.text.utf8).write(to: url.appending(path: page.name))
            }
        } catch {
            let failure = CommandFailure("cannot write the manual pages to \(folder): \(error.localizedDescription)")
            Console.standard.error(failure)
            throw failure.code.exitCode
        }
    }
}
