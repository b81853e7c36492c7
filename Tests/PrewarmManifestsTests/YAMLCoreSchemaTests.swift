import Testing

@testable import PrewarmManifests

@Suite("The core schema of YAML 1.2")
struct YAMLCoreSchemaTests {
    private static func value(_ text: String) throws -> Scalar.Value {
        let (tree, error) = YAMLReader.read(Array("- \(text)\n".utf8))
        if let error { throw error }
        let root = try #require(tree.roots.first)
        let element = try #require(Array(tree.elements(root)).first)
        return try #require(tree.scalar(element)).value
    }

    @Test(
        "A plain scalar is resolved by the rules of YAML 1.2, not of YAML 1.1",
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("Null", .null), ("NULL", .null),
            ("nULL", .text("nULL")), ("none", .text("none")),
            ("true", .boolean(true)), ("True", .boolean(true)), ("TRUE", .boolean(true)),
            ("false", .boolean(false)), ("False", .boolean(false)), ("FALSE", .boolean(false)),
            ("tRUE", .text("tRUE")), ("yes", .text("yes")), ("no", .text("no")), ("NO", .text("NO")),
            ("on", .text("on")), ("off", .text("off")), ("y", .text("y")), ("n", .text("n")),
            ("0", .integer(0)), ("-0", .integer(0)), ("+1", .integer(1)), ("-12", .integer(-12)),
            ("007", .integer(7)), ("010", .integer(10)), ("0o7", .integer(7)), ("0o17", .integer(15)),
            ("0o8", .text("0o8")), ("0o", .text("0o")), ("0O7", .text("0O7")), ("-0o7", .text("-0o7")),
            ("0x10", .integer(16)), ("0xfF", .integer(255)), ("0x", .text("0x")), ("0X10", .text("0X10")),
            ("-0x10", .text("-0x10")), ("0x-1", .text("0x-1")), ("0x+1", .text("0x+1")), ("0xg", .text("0xg")),
            ("0b101", .text("0b101")), ("1_000", .text("1_000")), ("1,000", .text("1,000")),
            ("12:30", .text("12:30")), ("190:20:30", .text("190:20:30")),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1.5", .number(1.5)), ("1.0", .number(1)), ("1.", .number(1)), (".5", .number(0.5)),
            ("-.5", .number(-0.5)), ("+0.25", .number(0.25)), ("1e3", .number(1000)), ("1E3", .number(1000)),
            ("1e+3", .number(1000)), ("25e-1", .number(2.5)), (".5e1", .number(5)), ("01.5", .number(1.5)),
            ("1e", .text("1e")), ("e3", .text("e3")), (".", .text(".")), ("..5", .text("..5")), ("+", .text("+")),
            ("1.2.3", .text("1.2.3")), ("1e3.5", .text("1e3.5")), ("++1", .text("++1")), ("1e999", .number(.infinity)),
            (".inf", .number(.infinity)), (".Inf", .number(.infinity)), (".INF", .number(.infinity)),
            ("+.inf", .number(.infinity)), ("-.inf", .number(-.infinity)), (".iNF", .text(".iNF")),
            ("inf", .text("inf")), ("nan", .text("nan")), ("infinity", .text("infinity")),
            ("2026-11-23", .text("2026-11-23")), ("1 000", .text("1 000")), ("١٢", .text("١٢")),
            ("=", .text("=")), ("<<", .text("<<")),
        ] as [(String, Scalar.Value)])
    func plain(text: String, value: Scalar.Value) throws {
        #expect(try Self.value(text) == value)
    }

    @Test("The scalar .nan is resolved to not-a-number", arguments: [".nan", ".NaN", ".NAN"])
    func notANumber(text: String) throws {
        guard case .number(let number) = try Self.value(text) else {
            Issue.record("\(text) is not resolved to a number")
            return
        }
        #expect(number.isNaN)
    }

    @Test(
        "A quoted scalar is text",
        arguments: [
            ("\"\"", ""), ("''", ""), ("'~'", "~"), ("\"null\"", "null"), ("'true'", "true"), ("\"3\"", "3"),
            ("'0x10'", "0x10"), ("\"1.0\"", "1.0"), ("'.inf'", ".inf"), ("\"a\\tb\\u00e9\"", "a\tbé"),
            ("'it''s'", "it's"), ("|\n  3\n", "3\n"), (">-\n  true\n", "true"),
        ])
    func quoted(text: String, value: String) throws {
        #expect(try Self.value(text) == .text(value))
    }

    @Test(
        "A tag of the core schema decides the kind of a scalar",
        arguments: [
            ("!!str 3", .text("3")), ("! 3", .text("3")), ("!!str", .text("")), ("!!int \"3\"", .integer(3)),
            ("!!bool 'true'", .boolean(true)), ("!!null ''", .null), ("!!float 1.5", .number(1.5)),
        ] as [(String, Scalar.Value)])
    func tagged(text: String, value: Scalar.Value) throws {
        #expect(try Self.value(text) == value)
    }

    @Test("Any other tag on a scalar is refused", arguments: ["!secret x", "!!binary aGk=", "!!timestamp 2026-11-23"])
    func foreignTag(text: String) throws {
        let error = try #require(YAMLReader.read(Array("- \(text)\n".utf8)).error)
        #expect(error.message.hasPrefix("cannot parse YAML: the tag ") && error.message.hasSuffix(" is not supported"))
        #expect(error.hint == "remove the tag")
    }
}
