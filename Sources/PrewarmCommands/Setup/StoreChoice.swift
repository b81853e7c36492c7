import PrewarmEngine
import PrewarmManifests
import PrewarmPostgres

/// The store that a configuration names.
enum StoreChoice: Hashable, Sendable {
    /// A SQLite file with its absolute path.
    case file(String)
    /// A database, and the folder for files of this machine.
    case postgres(PostgresAddress, folder: String)

    /// Reads the value of `store:`. Nil if it is neither `sqlite:FILE` nor a URL of PostgreSQL.
    /// - Parameters:
    ///   - text: The value; nil if the configuration has none, which means `sqlite:prewarm.db`.
    ///   - file: The configuration file, to which a path is relative.
    init?(_ text: String?, in file: ConfigurationFile) {
        let text = text ?? Configuration.standardStore
        if let address = PostgresAddress(text) {
            let folder = Environment.value("STATE_DIRECTORY").flatMap {
                $0.split(separator: ":").first.map(String.init)
            }
            self = .postgres(address, folder: folder ?? file.resolve("."))
            return
        }
        let path = text.dropFirst("sqlite:".count)
        guard text.hasPrefix("sqlite:"), !path.isEmpty else { return nil }
        self = .file(file.resolve(String(path)))
    }

    /// The path beside which prewarm keeps files of this machine: the mirrors of sources, and the token of the local
    /// daemon. With PostgreSQL, it is in the folder that systemd names in `STATE_DIRECTORY` (systemd.exec(5)), or in the
    /// folder of the configuration.
    var localPath: String {
        switch self {
        case .file(let path): path
        case .postgres(_, let folder): folder + "/prewarm"
        }
    }

    /// The store without secrets, for messages.
    var display: String {
        switch self {
        case .file(let path): path
        case .postgres(let address, _): address.display
        }
    }
}
