/// The standard error of `ssh -v`: its messages, and lines that begin with `debug1:` and show how far it came.
struct SSHLog {
    private(set) var lines: [String] = []
    private var rest: [UInt8] = []
    private(set) var isConnected = false
    private(set) var isLoggedIn = false
    private(set) var isWaitingForAgent = false

    /// The most lines, and the most bytes of a line. The server may write as much as it likes.
    private static let mostLines = 400
    private static let longestLine = 1000

    private static let login = "Authenticated to "

    mutating func append(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                add(String(decoding: rest, as: UTF8.self).filter { $0 != "\r" })
                rest = []
            } else if rest.count < Self.longestLine {
                rest.append(byte)
            }
        }
    }

    private mutating func add(_ line: String) {
        // The first lines are of the handshake, the last ones say why it ended.
        if lines.count == Self.mostLines { lines.remove(at: Self.mostLines / 2) }
        lines.append(line)
        if line.hasPrefix(Self.login) { isLoggedIn = true }
        guard line.hasPrefix("debug1: ") else { return }
        let step = line.dropFirst(8)
        if step.hasPrefix("Connection established") || step.hasPrefix("Executing proxy command") { isConnected = true }
        // After the exchange of keys, ssh asks the agent for its keys, and then asks the server for a login.
        if step.hasPrefix("SSH2_MSG_NEWKEYS received") { isWaitingForAgent = true }
        if step.contains("agent returned") || step.hasPrefix("get_agent_identities: ssh_")
            || step.hasPrefix("Will attempt key") || step.hasPrefix("SSH2_MSG_SERVICE_ACCEPT")
        {
            isWaitingForAgent = false
        }
    }

    /// The lines that are not for debugging.
    var messages: [String] {
        let others = ["debug", "OpenSSH_", Self.login, "Transferred: ", "Bytes per second: "]
        return lines.filter { line in !line.isEmpty && !others.contains { line.hasPrefix($0) } }
    }

    /// Returns the first line that contains a text.
    func line(with text: String) -> String? { lines.first { $0.contains(text) } }

    func contains(_ text: String) -> Bool { line(with: text) != nil }
}
