import Glibc
import PrewarmCore
import Synchronization

/// Whether this system knows the time zone of a schedule.
enum TimezoneCheck {
    /// Those that were found once: not more than there are, and not looked for again for each preset.
    private static let known = Mutex<Set<String>>(["UTC"])

    static func problem(of document: DocumentReader) -> Diagnostic? {
        guard let zone = document["spec"]?["schedule"]?["timezone"], let name = zone.tree.text(zone.index),
            TextRule.timezone.check(name) == nil, !exists(name)
        else { return nil }
        return Diagnostic(
            .error, at: zone.position, "this system knows no time zone \"\(zone.text)\"",
            hint: "expected an IANA name, as Europe/Berlin; the names are those of /usr/share/zoneinfo")
    }

    private static func exists(_ name: String) -> Bool {
        if known.withLock({ $0.contains(name) }) { return true }
        let folder = getenv("TZDIR").map { String(cString: $0) } ?? "/usr/share/zoneinfo"
        var status = stat()
        guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        known.withLock { _ = $0.insert(name) }
        return true
    }
}
