import Foundation
import PrewarmServer

/// The environment of the process.
enum Environment {
    static let variables = ProcessInfo.processInfo.environment

    /// Returns the value of a variable; nil if the variable is empty or not set.
    static func value(_ name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The home folder; nil if `HOME` is not set or not an absolute path.
    static var home: String? { variables["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } }

    /// The name of the user who runs the command: from `USER`, `LOGNAME` or the user database; otherwise the number of
    /// the user.
    static var user: String { value("USER") ?? value("LOGNAME") ?? LocalTokenFile.name(ofUser: geteuid()) }
}
