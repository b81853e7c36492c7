import Glibc
import PrewarmEngine

/// A private folder for one connection by ssh: its configuration, and the scripts that ssh runs. It is removed when the
/// object is released.
///
/// - `askpass` answers ssh's question for the passphrase of the configured key, once. It reads the passphrase from a named
///   pipe, because ssh closes the descriptors that it inherits. So the passphrase is in no file and in no list of
///   processes. Other questions, for example for a password, are not answered. A question that a server asks begins with
///   `(user@host)`, and is not answered either.
/// - `known-hosts` notes the key that the host shows. If fingerprints are pinned, it returns the key to ssh as a known one
///   if its fingerprint is pinned. So the key that is checked is the key of the connection itself.
final class SSHFolder {
    let path: String
    /// Keeps the passphrase in the pipe until the script reads it.
    private var pipe: Int32 = -1

    init(_ settings: GitSettings, configuration: String, passphrase: String?) throws(GitFailure) {
        path = try Self.make(settings)
        var files = [("config", configuration), ("known-hosts", Self.knownHosts)]
        if case .fingerprints(let pins) = settings.hostKeys {
            // A configured fingerprint may have padding. ssh prints it without.
            files.append(("pins", pins.map { $0.prefix { $0 != "=" } + "\n" }.joined()))
        }
        for (name, text) in files where !replaceFile("\(path)/\(name)", text) { throw Self.problem(path) }
        if let passphrase { try offer(passphrase) }
    }

    deinit {
        if pipe >= 0 { close(pipe) }
        removeTree(path)
    }

    /// Creates the folder in the directory for temporary files, or beside the mirror if no program may run there.
    private static func make(_ settings: GitSettings) throws(GitFailure) -> String {
        let mirror = MirrorDirectory(path: settings.mirror)
        for parent in [settings.environment["TMPDIR"] ?? "/tmp", mirror.path] {
            if parent == mirror.path { try mirror.makeDirectories() }
            guard let path = makeTemporaryFolder("\(parent)/prewarm-ssh.XXXXXX") else { continue }
            let script = "\(path)/askpass"
            if replaceFile(script, askpass), chmod(script, 0o700) == 0, access(script, X_OK) == 0 { return path }
            removeTree(path)
        }
        throw problem(mirror.path)
    }

    private static func problem(_ place: String) -> GitFailure {
        GitFailure(
            .fetchFailed,
            "cannot create the files for ssh in \(place): \(String(cString: strerror(errno)).lowercased())",
            hint: "check that the disk has free space, and that prewarm may write and run programs there")
    }

    private func offer(_ passphrase: String) throws(GitFailure) {
        let name = "\(path)/passphrase"
        guard mkfifo(name, 0o600) == 0 else { throw Self.problem(path) }
        pipe = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        let bytes = Array(passphrase.utf8) + [UInt8(ascii: "\n")]
        guard pipe >= 0, write(pipe, bytes, bytes.count) == bytes.count else { throw Self.problem(path) }
    }

    /// True if ssh asked for the passphrase of the configured key.
    var wasAskedForPassphrase: Bool { access("\(path)/asked", F_OK) == 0 }

    /// Returns the key that the host showed, or nil if it showed none.
    func seenKey(isTrusted: Bool) -> SeenHostKey? {
        let text = String(decoding: readFile("\(path)/seen", limit: 1 << 20) ?? [], as: UTF8.self)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            // ssh looks up the host with its port first, and then without it.
            guard words.first == "HOSTNAME" else { continue }
            return SeenHostKey(words: words.dropFirst(), isTrusted: isTrusted)
        }
        return nil
    }

    /// The value of ssh's option KnownHostsCommand. `%I` is the reason, `%H` the name, `%t` the type, `%K` the key and `%f`
    /// its fingerprint (ssh_config(5)).
    var knownHostsCommand: String { "/bin/sh \("\(path)/known-hosts".sshQuoted) %I %H %t %K %f" }

    private static let askpass = """
        #!/bin/sh
        [ -n "$PREWARM_SSH_KEY" ] || exit 1
        case $1 in "Enter passphrase for key '$PREWARM_SSH_KEY"*) ;; *) exit 1 ;; esac
        folder=${0%/*}
        : > "$folder/asked"
        [ -p "$folder/passphrase" ] || exit 1
        exec 3< "$folder/passphrase"
        rm -f "$folder/passphrase"
        IFS= read -r passphrase <&3 || exit 1
        printf '%s\\n' "$passphrase"

        """

    private static let knownHosts = """
        folder=${0%/*}
        printf '%s %s %s %s %s\\n' "$1" "$2" "$3" "$4" "$5" >> "$folder/seen"
        [ "$1" = HOSTNAME ] && [ -f "$folder/pins" ] || exit 0
        while read -r pin; do
            if [ "$pin" = "$5" ]; then printf '%s %s %s\\n' "$2" "$3" "$4"; fi
        done < "$folder/pins"
        exit 0

        """
}

extension String {
    /// The text as one word of an option of ssh: in quotes, and with % doubled.
    var sshQuoted: String {
        let escaped = replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
        return "\"\(escaped)\""
    }
}
