import PrewarmCore
import PrewarmEngine

extension Findings {
    /// The findings as a JUnit report, for the test tabs of forges. Each file with findings is a test case, which fails
    /// if the file has an error. Without findings, one test case passes.
    var junit: XMLText {
        var cases: [XMLText] = []
        var failures = 0
        let files = Dictionary(grouping: diagnostics, by: \.file)
        for file in files.keys.sorted() {
            let found = files[file] ?? []
            let errors = found.filter { $0.severity == .error }
            let text: XMLText = found.map {
                "\($0.location): \($0.severity == .error ? "error" : "warning"): \($0.message)\n"
            }.joined()
            failures += errors.isEmpty ? 0 : 1
            let body: XMLText =
                errors.first.map { "    <failure message=\"\($0.message)\">\(text)</failure>\n" }
                ?? "    <system-out>\(text)</system-out>\n"
            cases.append("  <testcase classname=\"prewarm.validate\" name=\"\(file)\">\n\(body)  </testcase>\n")
        }
        if cases.isEmpty { cases = ["  <testcase classname=\"prewarm.validate\" name=\"\(summary)\"/>\n"] }
        let head: XMLText =
            "<testsuite name=\"prewarm validate\" tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"0\" skipped=\"0\">"
        return
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n\(head)\n\(cases.joined())</testsuite>\n</testsuites>\n"
    }
}

/// Text and attributes of XML 1.0 (https://www.w3.org/TR/xml/#syntax).
enum XML: OutputPlace {
    static func neutralized(_ text: String) -> String {
        text.printable.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}

typealias XMLText = ShownText<XML>
