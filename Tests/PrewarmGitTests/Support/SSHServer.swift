import Foundation
import Glibc
import Testing

/// A running `sshd` with its own host keys. It accepts three client keys of the user that runs the tests.
struct SSHServer: Sendable {
    let folder: Folder
    let server: GitServer

    /// True if sshd exists. It is also true in CI, so that the tests fail there instead of being skipped.
    fileprivate static let isWanted =
        ProcessInfo.processInfo.environment["CI"] != nil
        || ["/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"].contains { (path: String) in access(path, X_OK) == 0 }

    /// Runs a server while `body` runs.
    /// - Parameter command: the command that runs instead of the one that a client requests.
    static func serving<Value: Sendable>(
        _ folder: Folder, hostKeys: [String] = ["ed25519"], command: String? = nil, options: [String] = [],
        _ body: (SSHServer) async throws -> Value
    ) async throws -> Value {
        // As root, sshd needs its system directory.
        if geteuid() == 0 { mkdir("/run/sshd", 0o755) }
        var lines = [
            "AuthorizedKeysFile \(folder.path)/client-ed25519.pub \(folder.path)/client-ecdsa.pub "
                + "\(folder.path)/client-rsa.pub", "StrictModes no",
            "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PidFile none",
            "PermitRootLogin prohibit-password", "LogLevel VERBOSE",
        ]
        for type in ["ed25519", "ecdsa"] { try await makeKey("client-\(type)", type, folder) }
        for type in hostKeys {
            try await makeKey("host-\(type)", type, folder)
            lines.append("HostKey \(folder.path)/host-\(type)")
        }
        lines += options
        if let command { lines.append("ForceCommand \(command)") }
        try folder.write("sshd_config", lines.joined(separator: "\n") + "\n")
        return try await GitServer.serving(folder, ["--ssh", "\(folder.path)/sshd_config"]) { server in
            try await body(SSHServer(folder: folder, server: server))
        }
    }

    @discardableResult
    static func makeKey(_ name: String, _ type: String, _ folder: Folder) async throws -> String {
        let file = "\(folder.path)/\(name)"
        if access(file, F_OK) != 0 {
            try await run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", name, "-f", file], in: folder.path)
        }
        return file
    }

    func url(_ path: String) -> String { "ssh://\(NSUserName())@127.0.0.1:\(server.port)\(path)" }

    /// Returns the type and key as in a known hosts file.
    func hostKey(_ type: String = "ed25519") -> String {
        folder.read("host-\(type).pub").split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// Returns the fingerprint of a host key as ssh prints it.
    func fingerprint(_ type: String = "ed25519") async throws -> String {
        let text = try await run("ssh-keygen", ["-l", "-f", "host-\(type).pub"], in: folder.path)
        return String(text.split(separator: " ")[1])
    }

    var name: String { "[127.0.0.1]:\(server.port)" }
}

extension Trait where Self == ConditionTrait {
    static var needsSSHServer: Self {
        .enabled(if: SSHServer.isWanted, "sshd is missing: apt-get install openssh-server")
    }
}
