import Glibc
import PrewarmCore
import Synchronization

/// Checks that this system has the time zone of a schedule.
enum TimezoneCheck {
    /// The time zones that were found before, so that the file system is not searched again for each preset.
    private static let known = Mutex<Set<String>>(["UTC"])

    static func problem(of document: DocumentReader) -> Diagnostic? {
        guard let zone = document["spec"]?["schedule"]?["timezone"], let name = zone.tree.text(zone.index),
            TextRule.timezone.check(name) == nil, !exists(name)
        else { return nil }
        return Diagnostic(
            .error, at: zone.position, "invalid timezone \"\(zone.text)\": this system has no such time zone",
            hint: "use an IANA name from /usr/share/zoneinfo, for example Europe/Berlin")
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
