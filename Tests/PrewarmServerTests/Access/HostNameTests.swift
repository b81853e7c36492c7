import Testing

@testable import PrewarmServer

@Suite("Host names")
struct HostNameTests {
    @Test(
        "A host is a name or an address, with or without a port",
        arguments: [
            "localhost", "127.0.0.1:7430", "prewarm.example.org", "prewarm.example.org:443", "[::1]:7430", "[::1]",
            "my_host", "a-b.c:", "192.0.2.7", "xn--bcher-kva.example",
        ])
    func good(text: String) {
        #expect(HostName.isValid(text))
    }

    @Test(
        "Any other text is not a host",
        arguments: [
            "", " ", ":7430", "127.0.0.1%evil", "127.0.0.1%25evil", "a b", "a/b", "a@b", "a,b", "[::1", "[::1]x",
            "[::1%lo]", "[127.0.0.1]", "[]", "localhost:x", "localhost:65536", "localhost:-1", "localhost:1:2", "::1",
            "bücher.example", "a\tb", "a\"b", "http://a", "a?b", "a#b", "<a>", "a\\b",
        ])
    func bad(text: String) {
        #expect(!HostName.isValid(text))
    }
}
