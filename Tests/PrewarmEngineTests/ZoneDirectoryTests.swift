import Foundation
import PrewarmCore
import PrewarmEngine
import Testing

@Suite("The directory of time zones")
struct ZoneDirectoryTests {
    @Test("A zone is found by its name each time")
    func name() throws {
        let zones = ZoneDirectory()
        let berlin = try zones.rules(of: "Europe/Berlin")
        #expect(berlin.offset(at: Timestamp(seconds: 1_795_000_000)) == 3600)
        #expect(try zones.rules(of: "Europe/Berlin") == berlin)
        #expect(try zones.rules(of: "America/Argentina/Buenos_Aires") != berlin)
        #expect(try zones.rules(of: "Etc/GMT+5").offset(at: Timestamp(seconds: 0)) == -18_000)
    }

    @Test(
        "A name that is not a zone is refused, and no name leads out of the directory",
        arguments: [
            "", "/", "/etc/passwd", "../zoneinfo/UTC", "Europe/../UTC", "Europe/./Berlin", "Europe//Berlin", "Europe/",
            "Europe", "Europe/berlin", "tzdata.zi", "Europe/Ber\0lin", "Europe/Berlin\n", "right/Europe/Berlin",
            String(repeating: "a", count: 1000),
        ])
    func refusal(name: String) {
        #expect(throws: TimeZoneError.self) { try ZoneDirectory().rules(of: name) }
    }

    @Test("TZDIR names another directory if it is not empty")
    func environment() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "zones-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(
            at: URL(filePath: "/usr/share/zoneinfo/Asia/Kathmandu"), to: folder.appending(path: "Here"))
        try Data("no zone".utf8).write(to: folder.appending(path: "Text"))
        let zones = ZoneDirectory(environment: ["TZDIR": folder.path()])
        #expect(try zones.rules(of: "Here").offset(at: Timestamp(seconds: 1_795_000_000)) == 20_700)
        #expect(throws: TimeZoneError.self) { try zones.rules(of: "Text") }
        #expect(throws: TimeZoneError.self) { try zones.rules(of: "Europe/Berlin") }
        #expect(try ZoneDirectory(environment: ["TZDIR": ""]).rules(of: "Europe/Berlin") != .utc)
    }

    @Test("UTC works without tzdata, and the error of another zone says what to install")
    func missingDirectory() throws {
        let zones = ZoneDirectory(path: "/nonexistent")
        #expect(try zones.rules(of: "UTC") == .utc)
        let error = #expect(throws: TimeZoneError.self) { try zones.rules(of: "Europe/Berlin") }
        #expect(error?.message.contains("install tzdata") == true)
    }
}
