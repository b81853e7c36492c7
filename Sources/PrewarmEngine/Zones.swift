internal import Glibc
package import PrewarmCore
internal import Synchronization

/// The system's compiled time zones, by IANA name; each is read once.
package final class ZoneDirectory: Sendable {
    /// The longest file that is read; real ones have 5 kB.
    private static let fileLimit = 65_536
    /// There are some 600 names; the cache can't outgrow them, as only what exists is kept.
    private let cache = Mutex<[String: TimeZoneRules]>([:])
    private let path: String

    package init(path: String = "/usr/share/zoneinfo") {
        self.path = path
    }

    /// The directory that `TZDIR` names, where it is set.
    package convenience init(environment: [String: String]) {
        let path = environment["TZDIR"] ?? ""
        self.init(path: path.isEmpty ? "/usr/share/zoneinfo" : path)
    }

    var exist: Bool { access(path, R_OK) == 0 }

    /// Those of the names that there are rules for; the manifests' check has reported the others.
    package func rules(of names: Set<String>) -> [String: TimeZoneRules] {
        var rules: [String: TimeZoneRules] = [:]
        for name in names { rules[name] = try? self.rules(of: name) }
        return rules
    }

    /// Throws where there is no such zone; the message says what to do. `UTC` needs no file.
    package func rules(of name: String) throws(TimeZoneError) -> TimeZoneRules {
        if name == "UTC" { return .utc }
        if let known = cache.withLock({ $0[name] }) { return known }
        guard Self.isName(name) else {
            throw TimeZoneError("`\(name.prefix(80))` is no time zone: expected a name such as `Europe/Berlin`")
        }
        guard let bytes = Self.read("\(path)/\(name)") else {
            throw TimeZoneError(
                exist
                    ? "there is no time zone `\(name)`: expected a name such as `Europe/Berlin`"
                    : "there are no time zones in \(path): install tzdata, or set TZDIR")
        }
        let rules: TimeZoneRules
        do throws(TimeZoneError) {
            rules = try TimeZoneRules(tzif: bytes)
        } catch {
            throw TimeZoneError("`\(name)` in \(path) is no usable time zone: \(error.message)")
        }
        cache.withLock { $0[name] = rules }
        return rules
    }

    /// Names come from manifests: they must not lead out of the directory.
    private static func isName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return name.utf8.count <= 64 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isNameByte) }
    }

    /// A dot is in no name.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Nil for what can't be read, is no regular file or is too long.
    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= fileLimit else {
            return nil
        }
        var length = 0
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + length }, buffer.count - length)
            }
            guard count > 0 else { return nil }
            length += count
        }
        return bytes
    }
}
