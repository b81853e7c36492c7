import Glibc
import PrewarmCore

/// Whether this system knows the time zone of a schedule.
enum TimezoneCheck {
    static func problems(of document: DocumentReader) -> [Diagnostic] {
        guard let zone = document["spec"]?["schedule"]?["timezone"], let name = zone.tree.text(zone.index),
            TextRule.timezone.check(name) == nil, !exists(name)
        else { return [] }
        return [
            Diagnostic(
                .error, at: zone.position, "this system knows no time zone \"\(zone.text)\"",
                hint: "expected an IANA name, as Europe/Berlin; the names are those of /usr/share/zoneinfo")
        ]
    }

    private static func exists(_ name: String) -> Bool {
        if name == "UTC" { return true }
        let folder = getenv("TZDIR").map { String(cString: $0) } ?? "/usr/share/zoneinfo"
        var status = stat()
        return stat("\(folder)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
