import ClockSupport
import Foundation
import Logging
import PrewarmCore
@testable import PrewarmServer
@testable import PrewarmTelemetry
import Synchronization
import Testing

private func line(
    _ format: LineLogHandler.Format, level: Logger.Level = .trace, _ body: (Logger) -> Void
) -> String {
    let written = Mutex<[UInt8]>([])
    let collect: @Sendable ([UInt8]) -> Void = { bytes in written.withLock { $0 += bytes } }
    body(Logger(label: "t") { _ in LineLogHandler(format: format, level: level, now: { .at(0) }, write: collect) })
    return String(decoding: written.withLock { $0 }, as: UTF8.self)
}

private struct Nuisance: Error {}

@Suite("Logs")
struct LogTests {
    @Test("A line of text has the time, the level, the message and the metadata")
    func text() {
        let line = line(.text) { logger in
            logger.notice(
                "revision applied",
                metadata: ["source": "presets", "by": "Ada L.", "empty": "", "list": ["a", "b"], "n": "\(3)"])
        }
        #expect(
            line
                == #"2027-01-15T08:00:00Z notice revision applied by="Ada L." empty="" list=["a","b"] n=3 source=presets"#
                + "\n")
    }

    @Test("A line of JSON is one object")
    func json() throws {
        let line = line(.json) { logger in
            var logger = logger
            logger[metadataKey: "request"] = "r1"
            logger.error(
                "it failed", error: Nuisance(), metadata: ["nested": ["a": "1"], "time": "mine", "text": "a\"\n\u{1}ß"])
        }
        #expect(line.hasSuffix("}\n") && line.count { $0 == "\n" } == 1)
        let value = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(value["time"] as? String == "2027-01-15T08:00:00Z")
        #expect(value["level"] as? String == "error")
        #expect(value["message"] as? String == "it failed")
        #expect(value["request"] as? String == "r1")
        #expect(value["error"] as? String == "Nuisance()")
        #expect(value["text"] as? String == "a\"\n\u{1}ß")
        #expect(value["metadata_time"] as? String == "mine")
        #expect((value["nested"] as? [String: String]) == ["a": "1"])
    }

    @Test("Foreign text can neither forge a line nor move the cursor", arguments: LineLogHandler.Format.allCases)
    func forgery(format: LineLogHandler.Format) {
        let evil = "x\n2027-01-15T08:00:00Z info all is well\u{1b}[2J\r\u{85}"
        let line = line(format) { $0.info("\(evil)", metadata: ["key": "\(evil)", "\(evil)": "v"]) }
        #expect(line.count { $0.isNewline } == 1)
        #expect(!line.contains("\u{1b}") && !line.contains("\r"))
    }

    @Test(
        "A line has at most 4,096 bytes, and a cut line of JSON is still JSON",
        arguments: LineLogHandler.Format.allCases)
    func bounded(format: LineLogHandler.Format) throws {
        let long = String(repeating: "ä\u{1f469}\u{200d}\u{1f680}\"", count: 5000)
        let metadata: Logger.Metadata = Dictionary(
            uniqueKeysWithValues: (0..<200).map { ("\(long.prefix(10))\($0)", .string(long)) })
        for metadata in [["one": .string(long)], metadata, ["deep": .array([.dictionary(["a": .string(long)])])]] {
            let line = line(format) { $0.info("\(long)", metadata: metadata) }
            #expect(line.utf8.count <= 4096)
            #expect(line.hasSuffix("\n"))
            guard format == .json else { continue }
            let value = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(value["level"] as? String == "info")
        }
    }

    @Test("An event below the level is not written")
    func level() {
        #expect(line(.text, level: .notice) { $0.info("quiet") }.isEmpty)
        #expect(!line(.text, level: .notice) { $0.warning("loud") }.isEmpty)
    }
}
