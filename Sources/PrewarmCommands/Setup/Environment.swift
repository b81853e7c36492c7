import Foundation

/// What the process was started with.
enum Environment {
    static let variables = ProcessInfo.processInfo.environment

    /// Who runs the command, as far as the environment says.
    static var user: String { variables["USER"] ?? variables["LOGNAME"] ?? "somebody" }
}
