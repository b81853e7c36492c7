import PrewarmEngine
import Testing

@Suite("Reading JSON")
struct JSONReaderTests {
    @Test(
        "Values are read in their order",
        arguments: [
            (#"{"b":1,"a":[true,false,null],"c":{"d":"x"}}"#, #"{"b":1,"a":[true,false,null],"c":{"d":"x"}}"#),
            (" [ -1 , 0 , 1.5e3 , 9223372036854775807 ] ", "[-1,0,1500.0,9223372036854775807]"),
            (#""\"\\\/\b\f\n\r\té😀\u0001""#, #""\"\\/\u0008\u000c\n\r\té😀\u0001""#),
            ("[]", "[]"), ("{}", "{}"), ("12345678901234567890", "1.2345678901234567e+19"),
        ])
    func good(text: String, written: String) throws {
        #expect(try JSONReader.read(Array(text.utf8)).compactJSON == written)
    }

    @Test(
        "An error has the expected text and the offset",
        arguments: [
            ("", 0), ("{", 1), ("[1,]", 3), ("[1 2]", 3), (#"{"a" 1}"#, 5), (#"{a: 1}"#, 1), ("tru", 0), ("01", 0),
            ("-", 0), ("1.", 2), ("1e", 2), (#""a"#, 2), ("\"a\u{0}\"", 2), (#""\x""#, 3), (#""\u12g4""#, 3),
            (#""\ud800""#, 7), (#""\ud800A""#, 7), (#"{"a":1,"a":2}"#, 10), ("1 2", 2), ("nul", 0), ("1e999", 5),
            ("NaN", 0), ("'a'", 0),
        ])
    func bad(text: String, offset: Int) {
        #expect { try JSONReader.read(Array(text.utf8)) } throws: { error in
            (error as? JSONReader.Failure)?.offset == offset
        }
    }

    @Test("Deeply nested documents and bytes that are not UTF-8 are refused")
    func limits() {
        let deep = Array(String(repeating: "[", count: 100_000).utf8)
        #expect(throws: JSONReader.Failure.self) { try JSONReader.read(deep) }
        #expect(throws: JSONReader.Failure.self) { try JSONReader.read([0x22, 0xff, 0xfe, 0x22]) }
    }

    @Test("The digits of numbers are kept on request")
    func digits() throws {
        let text = "[1.10,9437184000000000001,-0,1e999,1E+5]"
        let options = JSONReader.Options(keepsNumbers: true)
        #expect(try JSONReader.read(Array(text.utf8), from: 0, options).compactJSON == text)
        #expect(throws: JSONReader.Failure.self) { try JSONReader.read(Array("[01]".utf8), from: 0, options) }
    }

    @Test("The elements of one list of an object are read one by one")
    func elements() throws {
        func read(_ text: String) throws -> (isThere: Bool, elements: [String]) {
            var elements: [String] = []
            let isThere = try JSONReader.read(Array(text.utf8), from: 2, .init(), elementsOf: "a") {
                elements.append($0.compactJSON)
            }
            return (isThere, elements)
        }
        let found = try read(#"x {"b":[0],"a":[1,{"a":[2]}, "x"],"c":{"a":[3]}} "#)
        #expect(found.isThere && found.elements == ["1", #"{"a":[2]}"#, #""x""#])
        #expect(try read(#"x {"a":{"a":[1]}}"#).isThere == false)
        #expect(try read(#"x {"a":[]}"#) == (true, []))
        for bad in ["x [1]", #"x {"a":[1,]}"#, #"x {"a":[1]}}"#, #"x {"a":[1],"a":[2]}"#, "x 1", "x "] {
            #expect(throws: JSONReader.Failure.self, "\(bad)") { try read(bad) }
        }
    }

    @Test("A damaged document is refused, or read as a value that can be written and read again")
    func damage() throws {
        let text = Array(#"{"a":[1,2.5,"x\n\u00e9"],"b":{"c":null,"d":true}}"#.utf8)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            guard let value = try? JSONReader.read(bytes) else { continue }
            let written = value.compactJSON
            #expect(try JSONReader.read(Array(written.utf8)).compactJSON == written)
        }
    }
}
