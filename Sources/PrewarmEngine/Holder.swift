#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The identity of a process. Another process on the same machine can check whether it still runs.
package struct Holder: Hashable, Sendable, CustomStringConvertible {
    private let bootID: String
    private let pidNamespace: String
    package let pid: Int32
    private let startTime: UInt64

    /// This process.
    package static let current = Holder()

    /// The name of this machine.
    package static let hostName = text(ofFile: "/proc/sys/kernel/hostname")

    /// The boot of the machine and the time namespace of this process, in which readings of the monotonic clock agree; nil if
    /// `/proc` does not show both.
    package static var boot: String? {
        let (boot, namespace) = (text(ofFile: "/proc/sys/kernel/random/boot_id"), target(ofLink: "/proc/self/ns/time"))
        return boot.isEmpty || namespace.isEmpty ? nil : "\(boot)/\(namespace)"
    }

    private init() {
        bootID = Self.text(ofFile: "/proc/sys/kernel/random/boot_id")
        pidNamespace = Self.target(ofLink: "/proc/self/ns/pid")
        pid = getpid()
        startTime = Self.startTime(of: pid) ?? 0
    }

    /// The text form that leases store: `BOOT_ID/PID_NAMESPACE/PID/START_TIME`.
    package var description: String { "\(bootID)/\(pidNamespace)/\(pid)/\(startTime)" }

    /// Reads the form of ``description``; nil for another text.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, let pid = Int32(parts[2]), let startTime = UInt64(parts[3]) else { return nil }
        bootID = String(parts[0])
        pidNamespace = String(parts[1])
        self.pid = pid
        self.startTime = startTime
    }

    /// True if the process is one of another machine, another boot or another container, so that its process numbers mean
    /// nothing here.
    package var isElsewhere: Bool { bootID != Self.current.bootID || pidNamespace != Self.current.pidNamespace }

    /// Returns true if the process is known to have ended. It returns false for a process of another machine, another boot
    /// or another container, since this process cannot see it.
    package var isKnownDead: Bool {
        guard !isElsewhere else { return false }
        return Self.startTime(of: pid) != startTime
    }

    /// Returns the start of a process in clock ticks since boot; nil if it does not run or is a zombie. It is field 22 of
    /// `/proc/PID/stat`. The fields are counted from the end of the command, which may contain any character.
    package static func startTime(of pid: Int32) -> UInt64? {
        let stat = text(ofFile: "/proc/\(pid)/stat")
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        return fields.count > 19 && fields[0] != "Z" ? UInt64(fields[19]) : nil
    }

    private static func text(ofFile path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).trimmed
    }

    private static func target(ofLink path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = readlink(path, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}

extension String {
    fileprivate var trimmed: String {
        String(self[..<(lastIndex { !$0.isWhitespace }.map(index(after:)) ?? startIndex)])
    }
}
