import Foundation

/// What the process was started with.
enum Environment {
    static let variables = ProcessInfo.processInfo.environment

    /// The value of a variable; nil where it is not set, or empty.
    static func value(_ name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Nil where it is not set, or is no path.
    static var home: String? { variables["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } }

    /// Who runs the command, as far as the environment says.
    static var user: String { variables["USER"] ?? variables["LOGNAME"] ?? "somebody" }
}
