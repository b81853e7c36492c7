import Foundation
import Subprocess

/// A signer with a key.
enum Signer {
    /// The options of `git` that select the key.
    case ssh(key: String)
    case openpgp(home: String, key: String)

    var options: [String] {
        switch self {
        case .ssh(let key): ["-c", "gpg.format=ssh", "-c", "user.signingKey=\(key)"]
        case .openpgp(_, let key): ["-c", "gpg.format=openpgp", "-c", "user.signingKey=\(key)"]
        }
    }

    var environment: [Environment.Key: String] {
        if case .openpgp(let home, _) = self { ["GNUPGHOME": home] } else { [:] }
    }

    /// Creates a key, and returns it with its line for an allowed signers file.
    static func ssh(_ folder: Folder, _ name: String, options: String = "") async throws -> (Signer, allowed: String) {
        let file = try await SSHServer.makeKey(name, "ed25519", folder)
        let key = folder.read("\(name).pub").split(separator: " ").prefix(2).joined(separator: " ")
        return (.ssh(key: file), "\(name)@example.org \(options.isEmpty ? "" : options + " ")\(key)")
    }

    /// Creates a key in its own keyring.
    /// - Parameters:
    ///   - time: the time that gpg uses instead of the current time.
    ///   - options: further options of gpg.
    static func openpgp(
        _ folder: Folder, _ name: String, expires: String = "never", time: String? = nil, options: [String] = []
    ) async throws -> Signer {
        // The path of the agent's socket has to be short.
        let home = "/tmp/prewarm-gpg-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let faked = time.map { ["--faked-system-time", $0] } ?? []
        try await run(
            "gpg",
            ["--batch", "--quiet"] + faked + options + [
                "--passphrase", "", "--quick-generate-key", "\(name) <\(name)@example.org>", "ed25519", "sign", expires,
            ], in: folder.path, environment: ["GNUPGHOME": home])
        return .openpgp(home: home, key: "\(name)@example.org")
    }

    func export(armoured: Bool, in folder: Folder, to file: String) async throws {
        guard case .openpgp(let home, let key) = self else { return }
        try await run(
            "gpg", ["--batch", "--yes"] + (armoured ? ["--armor"] : []) + ["--output", file, "--export", key],
            in: folder.path, environment: ["GNUPGHOME": home])
    }

    /// Ends the agent that gpg started, and removes the keyring.
    func forget() async {
        guard case .openpgp(let home, _) = self else { return }
        _ = try? await run("gpgconf", ["--kill", "all"], in: "/tmp", environment: ["GNUPGHOME": home])
        try? FileManager.default.removeItem(atPath: home)
    }
}

extension Origin {
    /// Commits with a signature.
    @discardableResult
    func commit(_ files: [String: String], signedBy signer: Signer, at time: String? = nil) async throws -> String {
        for (name, text) in files { try writeFile("\(path)/\(name)", Data(text.utf8)) }
        try await git("add", "-A")
        var environment = signer.environment
        if let time { environment["GIT_COMMITTER_DATE"] = time }
        try await run(
            "git", signer.options + ["commit", "-q", "--allow-empty", "-S", "-m", "signed"], in: path,
            environment: environment)
        return try await git("rev-parse", "HEAD")
    }

    func tag(_ name: String, signedBy signer: Signer) async throws {
        try await run(
            "git", signer.options + ["tag", "-s", "-m", "signed", name], in: path, environment: signer.environment)
    }
}
