import PrewarmCore
import Testing

@Suite("Dates of HTTP")
struct HTTPDateTests {
    @Test(
        "A date is written and read as in RFC 9110",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59Z"),
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
        ])
    func known(text: String, instant: String) throws {
        let time = try #require(Timestamp(instant))
        #expect(HTTPDate.text(time) == text)
        #expect(HTTPDate.instant(text) == time)
    }

    @Test(
        "Other forms are not read",
        arguments: [
            "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 28:49:37 GMT",
        ])
    func other(text: String) { #expect(HTTPDate.instant(text) == nil) }
}
