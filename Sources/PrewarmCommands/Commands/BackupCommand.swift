import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmSQLite

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the store to a file while a daemon uses it.",
        discussion: """
            The copy has the state of one moment, is checked before it gets its name, and only its owner can read it. An \
            existing file is not replaced. Restore a copy as the guide on backups says: prewarm recognizes it, and refuses \
            claims until `prewarm approve --restored`.

            Examples:
              prewarm backup /var/backups/prewarm.db
              prewarm backup --config /etc/prewarm/prewarm.yaml "prewarm-$(date +%F).db"
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The file to create.", completion: .file())
    var file: String

    func validate() throws {
        try global.refuseServer("`prewarm backup` copies the store of this machine")
        if file.isEmpty { throw ValidationError("missing file: give the name of the copy") }
    }

    func run() async throws {
        try await finish(global) { console in
            let configuration = try ConfigurationFile(global)
            guard case .file(let path) = try Assembly(configuration, configuration.load(for: .store)).storeChoice()
            else {
                throw CommandFailure(
                    "cannot back up the store: it is a PostgreSQL database, which has its own backups",
                    hint: "use `pg_dump`, or the backups of the database server")
            }
            let size = try SQLiteStore.backUp(path, to: file)
            console.step(.success, "backed up the store to \(file) (\(size.byteText))")
        }
    }
}

extension Int64 {
    /// The number of bytes for people, for example `4.2 MB`.
    fileprivate var byteText: TerminalText {
        if self < 1000 { return "\(Int(self)) bytes" }
        let (unit, divisor) = self < 1_000_000 ? ("kB", Int64(100)) : ("MB", Int64(100_000))
        let tenths = self / divisor
        return "\(Int(tenths / 10)).\(Int(tenths % 10)) \(unit)"
    }
}
