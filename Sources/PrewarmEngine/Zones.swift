internal import Glibc
package import PrewarmCore
internal import Synchronization

/// The compiled time zones of the system, by IANA name. Each zone is read once.
package final class ZoneDirectory: Sendable {
    /// The largest size of a file in bytes. Real files have up to 5 kB.
    private static let fileLimit = 65_536
    /// The zones that were read. Only existing zones are kept, and there are about 600.
    private let cache = Mutex<[String: TimeZoneRules]>([:])
    private let path: String

    package init(path: String = "/usr/share/zoneinfo") {
        self.path = path
    }

    /// Uses the directory in `TZDIR` (default: `/usr/share/zoneinfo`).
    package convenience init(environment: [String: String]) {
        let path = environment["TZDIR"] ?? ""
        self.init(path: path.isEmpty ? "/usr/share/zoneinfo" : path)
    }

    /// Returns true if the directory can be read.
    var exist: Bool { access(path, R_OK) == 0 }

    /// Returns the rules of the names that exist. The check of the manifests has reported the others.
    package func rules(of names: Set<String>) -> [String: TimeZoneRules] {
        var rules: [String: TimeZoneRules] = [:]
        for name in names { rules[name] = try? self.rules(of: name) }
        return rules
    }

    /// Returns the rules of a zone. `UTC` needs no file.
    /// - Throws: ``TimeZoneError`` if the zone cannot be read. Its message says what to do.
    package func rules(of name: String) throws(TimeZoneError) -> TimeZoneRules {
        if name == "UTC" { return .utc }
        if let known = cache.withLock({ $0[name] }) { return known }
        guard Self.isName(name) else {
            throw TimeZoneError("invalid time zone `\(name.prefix(80))`: expected a name such as `Europe/Berlin`")
        }
        guard let bytes = Self.read("\(path)/\(name)") else {
            throw TimeZoneError(
                exist
                    ? "unknown time zone `\(name)`: expected a name such as `Europe/Berlin`"
                    : "cannot read time zones from \(path): install tzdata, or set TZDIR")
        }
        let rules: TimeZoneRules
        do throws(TimeZoneError) {
            rules = try TimeZoneRules(tzif: bytes)
        } catch {
            throw TimeZoneError("cannot read the time zone `\(name)` in \(path): \(error.message)")
        }
        cache.withLock { $0[name] = rules }
        return rules
    }

    /// Returns true if the name cannot lead out of the directory. Names come from manifests, so they are not trusted.
    private static func isName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return name.utf8.count <= 64 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isNameByte) }
    }

    /// Returns true for a letter, a digit, `+`, `-` or `_`. Names of zones contain no dot.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Reads a file. Returns nil if it cannot be read, is not a regular file or is too large.
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
