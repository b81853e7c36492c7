import PrewarmCore
import Testing

@Suite("Text that is shown")
struct ShownTextTests {
    /// A place that puts interpolated text in brackets.
    private enum Brackets: OutputPlace {
        static func neutralized(_ text: String) -> String { "[\(text)]" }
    }

    private enum Angles: PartOfOutput {
        typealias Whole = Brackets

        static func neutralized(_ text: String) -> String { "<\(text)>" }
    }

    @Test("Literals are not changed, and every interpolated text is neutralized once")
    func interpolation() {
        let (name, path) = ("n", "a/b"[...])
        let inner: ShownText<Brackets> = "(\(name))"
        let shown: ShownText<Brackets> = "x \(inner) \(path) \(3) \(ShownText<Angles>(name)) \(Timestamp(seconds: 0))"
        #expect(shown.text == "x ([n]) [a/b] 3 <n> [1970-01-01T00:00:00Z]")
        #expect(ShownText<Brackets>(name).text == "[n]" && (shown + inner).text.hasSuffix("([n])"))
        #expect([inner, "y"].joined(separator: ", ").text == "([n]), y")
    }

    @Test(
        "Characters that control a terminal, change the direction of text or are invisible are not printed",
        arguments: [
            ("a\u{1b}[31mb", "a[31mb"), ("a\u{9b}b\u{7f}\u{0}", "ab"), ("a\r\nb\u{2028}c\u{85}d", "a b c d"),
            ("a\u{202e}b\u{2066}c\u{200f}\u{61c}", "abc"), ("z\u{200b}\u{200d}\u{feff}\u{2060}\u{ad}\u{34f}w", "zw"),
            ("t\u{e0041}\u{e0100}\u{3164}", "t"), ("ä☕️ 日本", "ä☕️ 日本"), ("plain ~", "plain ~"),
        ])
    func printable(text: String, shown: String) {
        #expect(text.printable == shown && shown.printable == shown)
        #expect(TerminalText(text).text == shown)
    }

    @Test("Text with lines keeps its lines, and no line is a command of GitHub Actions")
    func lines() {
        let text = TerminalText(lines: "a\n::error::b\n \t::add-mask::c\nd ::x ##[error]e\u{1b}\r\n")
        #expect(text.withoutWorkflowCommands == "a\n: :error::b\n \t: :add-mask::c\nd ::x ## [error]e\n")
        #expect(TerminalText(document: "\"##[error]\"").withoutWorkflowCommands == "\"\\u0023#[error]\"")
    }

    @Test("The values of variables are replaced by their names, the longest value first")
    func variables() {
        let values = VariableValues([
            ("TOKEN", "s3cret-token"), ("PART", "s3cret"), ("REF", "main"), ("SHORT", "ab"), ("TOKEN", "s3cret-token"),
        ])
        #expect(values.masked("s3cret-token s3cret xs3cret-tokenx") == "${TOKEN} ${PART} x${TOKEN}x")
        #expect(values.masked("main domain main/a remains ab") == "main domain ${REF}/a remains ab")
        #expect(VariableValues().masked("main") == "main" && VariableValues().isEmpty)
    }

    @Test(
        "A value that is a word or a number is masked only where a value is shown",
        arguments: [
            ("the main cause is in main", "the main cause is in main"),
            ("cannot find \"main\"", "cannot find \"${REF}\""),
            ("cannot find `main`, isn't main", "cannot find `${REF}`, isn't main"),
            ("fetch https://main:token@host/main.git", "fetch https://${REF}:${WORD}@host/${REF}.git"),
            ("password=token", "password=${WORD}"),
            ("invalid token: it must not contain spaces", "invalid token: it must not contain spaces"),
            ("the limit is 1000 and not host:1000", "the limit is 1000 and not host:${PORT}"),
            ("Production is down: \"Production\"", "Production is down: \"${STAGE}\""),
            ("it printed hunter2 and pa55", "it printed ${WEAK} and ${SHORT}"),
            ("abcdefghijklmnop", "${LETTERS}"),
            ("xyz \"xyz\"", "xyz \"xyz\""),
        ])
    func words(_ text: String, _ expected: String) {
        let values = VariableValues([
            ("REF", "main"), ("WORD", "token"), ("PORT", "1000"), ("STAGE", "Production"), ("WEAK", "hunter2"),
            ("SHORT", "pa55"), ("LETTERS", "abcdefghijklmnop"), ("TINY", "xyz"),
        ])
        #expect(values.masked(text) == expected)
    }
}
