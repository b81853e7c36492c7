import Foundation
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import Testing

@Suite("Coding of documents")
struct DocumentCodingTests {
    private struct Inner: Document, Equatable {
        var name = "n"
        var list: [Int] = []
        var times: [Timestamp]?
    }

    private struct Outer: Document {
        var text = "a \"quoted\" \\ text\n"
        var flag = true
        var number = -3
        var share = 0.25
        var missing: String?
        var inner = Inner()
        var inners: [Inner] = [Inner(), Inner(name: "m", list: [1, 2], times: [Timestamp(seconds: 0)])]
        var empty: [String] = []
        var map = OrderedMap<ParameterValue>([
            ("z", .string("last")), ("a", .secret("token")), ("b", .integer(7)), ("c", .boolean(false)),
            ("d", .number(1.5)),
        ])
    }

    @Test("Members keep their order, absent members are left out, and JSON is indented by two spaces")
    func json() {
        let text = Outer().json
        #expect(
            text == """
                {
                  "text": "a \\"quoted\\" \\\\ text\\n",
                  "flag": true,
                  "number": -3,
                  "share": 0.25,
                  "inner": {
                    "name": "n",
                    "list": []
                  },
                  "inners": [
                    {
                      "name": "n",
                      "list": []
                    },
                    {
                      "name": "m",
                      "list": [
                        1,
                        2
                      ],
                      "times": [
                        "1970-01-01T00:00:00Z"
                      ]
                    }
                  ],
                  "empty": [],
                  "map": {
                    "z": "last",
                    "a": {
                      "valueFrom": {
                        "secret": "token"
                      }
                    },
                    "b": 7,
                    "c": false,
                    "d": 1.5
                  }
                }

                """)
    }

    @Test("The tree, the compact text and the indented text have the same content")
    func forms() throws {
        let document = Outer()
        #expect(document.tree.json == document.json)
        #expect(document.tree.compactJSON == document.compactJSON)
        #expect(try JSONReader.read(Array(document.compactJSON.utf8)).json == document.json)
        #expect(document.yaml == document.tree.yaml && document.yaml.hasPrefix("text: \"a \\\"quoted"))
    }

    @Test(
        "Another reader of JSON gets the same text",
        arguments: [
            "", "plain", "\u{0}\u{1}\u{1f}\u{7f}", "\"\\/\u{8}\u{c}\n\r\t", "\u{202e}\u{200b}\u{feff}",
            "é 日本 👩‍💻 \u{10ffff}",
            "\u{1b}[31m",
        ])
    func escapes(text: String) throws {
        let bytes = Data([Inner(name: text)].compactJSON.utf8)
        let objects = try JSONSerialization.jsonObject(with: bytes) as? [[String: Any]]
        #expect(objects?.first?["name"] as? String == text)
        #expect(bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
    }

    @Test("A list of documents is a document, also an empty one")
    func lists() {
        #expect([Inner]().json == "[]\n" && [Inner]().compactJSON == "[]")
        #expect([Inner(), Inner()].compactJSON == "[{\"name\":\"n\",\"list\":[]},{\"name\":\"n\",\"list\":[]}]")
    }

    @Test("A client ignores members and accepts choices of later versions")
    func laterVersions() throws {
        var tree = try DocumentSchema.sample(ConditionDocument.self, isWhole: true).tree
        tree = .object(
            tree.pairs.map { ($0.key, $0.key == "status" ? "Perhaps" : $0.value) } + [("later", .array([1, .null]))])
        let condition = try ValueDecoder.decode(ConditionDocument.self, from: tree)
        #expect(condition.status.text == "Perhaps" && condition.status.known == nil)
        #expect(condition.tree["later"] == nil && condition.status != .yes)
    }

    @Test("An absent and a null optional member are the same")
    func nulls() throws {
        let tree = Value.object(known: ["name": "n", "list": .array([]), "times": .null])
        #expect(try ValueDecoder.decode(Inner.self, from: tree) == Inner())
    }

    @Test(
        "An answer that does not fit names the place",
        arguments: [
            (#"{"name": "n"}"#, "list: it is missing"), (#"{"name": 1, "list": []}"#, "name: it must be a text"),
            (#"{"name": "n", "list": [1, "x"]}"#, "list[1]: it must be a whole number"),
            (#"{"name": "n", "list": [], "times": ["soon"]}"#, "times[0]: it must be a time in RFC 3339"),
            ("[]", "it must be an object"),
        ])
    func places(text: String, place: String) throws {
        let tree = try JSONReader.read(Array(text.utf8))
        let error = #expect(throws: DecodingError.self) { try ValueDecoder.decode(Inner.self, from: tree) }
        #expect(error?.place == place)
    }

    @Test("A document that extends another one has the members of both in one object")
    func extended() throws {
        let whole = try DocumentSchema.sample(OperationDescription.self, isWhole: true)
        let keys = whole.tree.pairs.map(\.key)
        #expect(keys.first == "id" && keys.suffix(2) == ["workspaceName", "logEnd"])
        let read = try ValueDecoder.decode(OperationDocument.self, from: whole.tree)
        #expect(read.json == whole.base.json && whole.id == read.id && whole.logEnd != nil)
    }
}
