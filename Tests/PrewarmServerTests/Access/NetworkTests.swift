import PrewarmCore
import Testing

@testable import PrewarmServer

@Suite("Network addresses and listen addresses")
struct NetworkTests {
    @Test(
        "A range contains its own addresses only",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.0.0.0/9", "10.128.0.1", false),
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false), ("192.0.2.7/31", "192.0.2.6", true), ("fd00::/8", "fd12:3456::1", true),
            ("fd00::/8", "fe80::1", false), ("::1", "::1", true), ("::/0", "2001:db8::1", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ])
    func ranges(range: String, address: String, expected: Bool) throws {
        #expect(try #require(NetworkRange(range)).contains(try #require(NetworkAddress(address))) == expected)
    }

    @Test(
        "An invalid range is refused",
        arguments: ["", "a", "10.0.0.0/33", "::1/129", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "/8"])
    func noRanges(text: String) {
        #expect(NetworkRange(text) == nil)
    }

    @Test(
        "An address with other text is invalid, except for the zone of an IPv6 address",
        arguments: [
            ("127.0.0.1", true), ("127.0.0.1%evil", false), ("127.0.0.1%", false), ("fe80::1%eth0", true),
            ("::1%evil", true), ("127.0.0.1 ", false), ("0x7f000001", false), ("127.1", false), ("localhost", false),
        ])
    func addresses(text: String, isAddress: Bool) {
        #expect((NetworkAddress(text) != nil) == isAddress)
    }

    @Test(
        "The client is the last address that is not a trusted proxy, whatever the header claims",
        arguments: [
            ("192.0.2.7", nil, "192.0.2.7"), ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"), ("10.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"), ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "evil, 203.0.113.9:4711", "203.0.113.9"), ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
            ("10.0.0.1", "203.0.113.9, evil", "10.0.0.1"), ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", ",,,", "10.0.0.1"),
            ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"), ("unix", "203.0.113.9", "unix"),
        ] as [(String, String?, String)])
    func forwarded(peer: String, field: String?, expected: String) throws {
        let trusted = [try #require(NetworkRange("10.0.0.0/8"))]
        #expect(ClientAddress(peer: peer, forwardedFor: field, trusted: trusted).description == expected)
    }

    @Test("An IPv6 network counts as one client, and so does an IPv4 address")
    func groups() {
        func group(_ text: String) -> String { ClientAddress(peer: text).group }
        #expect(group("2001:db8:0:1::1") == group("2001:db8:0:1:ffff::2"))
        #expect(group("2001:db8:0:1::1") != group("2001:db8:0:2::1"))
        #expect(group("192.0.2.1") != group("192.0.2.2"))
    }

    @Test(
        "A listen address is a host and a port",
        arguments: [
            ("127.0.0.1:7430", "127.0.0.1", 7430, true), ("localhost:80", "localhost", 80, true),
            ("[::1]:0", "::1", 0, true), ("0.0.0.0:7430", "0.0.0.0", 7430, false), ("[::]:7430", "::", 7430, false),
            ("127.8.8.8:1", "127.8.8.8", 1, true), ("prewarm.example.org:443", "prewarm.example.org", 443, false),
            ("localhost.example.org:443", "localhost.example.org", 443, false),
            ("[::ffff:127.0.0.1]:5", "::ffff:127.0.0.1", 5, true),
        ])
    func listen(text: String, host: String, port: Int, isLoopback: Bool) throws {
        let address = try ListenAddress(text)
        #expect(address.host == host && address.port == port && address.isLoopback == isLoopback)
        #expect(address.description == text)
    }

    @Test(
        "An invalid listen address is refused with the expected form",
        arguments: [
            "", "7430", ":7430", "localhost", "a:b", "a:65536", "a:-1", "::1:80", "[a]:80", "[::1]", "a b:1",
            "http://a:80",
        ])
    func notListen(text: String) {
        do throws(AccessError) {
            _ = try ListenAddress(text)
            Issue.record("it was taken")
        } catch {
            #expect(error.reason == .configuration && error.hint?.contains("host:port") == true)
        }
    }

    @Test("Listening for other machines needs an API token or an issuer, and warns without TLS")
    func exposure() throws {
        let (local, open) = (try ListenAddress("127.0.0.1:7430"), try ListenAddress("0.0.0.0:7430"))
        #expect(try local.check(hasTokens: false, hasOIDC: false, hasTLS: false) == nil)
        for hasTLS in [true, false] {
            #expect(throws: AccessError.self) { try open.check(hasTokens: false, hasOIDC: false, hasTLS: hasTLS) }
        }
        #expect(try open.check(hasTokens: true, hasOIDC: false, hasTLS: true) == nil)
        #expect(try open.check(hasTokens: false, hasOIDC: true, hasTLS: true) == nil)
        #expect(try open.check(hasTokens: true, hasOIDC: false, hasTLS: false)?.contains("without TLS") == true)
        #expect(try open.check(hasTokens: true, hasOIDC: false, hasTLS: false, hasProxy: true) == nil)
    }
}
