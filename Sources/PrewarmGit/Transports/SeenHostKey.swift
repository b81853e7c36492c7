/// A key that a host showed.
package struct SeenHostKey: Hashable, Sendable {
    /// The type, for example `ssh-ed25519`.
    package let type: String
    /// The fingerprint as ssh prints it: `SHA256:…`.
    package let fingerprint: String
    /// The line for a known hosts file.
    package let line: String
    package var isTrusted: Bool

    /// Reads the last words of a line of ``SSHFolder/seen``: name, type, key, fingerprint.
    init?(words: some Collection<Substring>, isTrusted: Bool) {
        let words = words.map(String.init)
        guard words.count == 4 else { return nil }
        line = words[0...2].joined(separator: " ")
        type = words[1]
        fingerprint = words[3]
        self.isTrusted = isTrusted
    }
}
