import PrewarmEngine
import Testing

@testable import PrewarmGit

@Suite("Repository URLs")
struct URLTests {
    @Test(
        "A URL is read, and shown without secrets",
        arguments: [
            ("https://ada:pw@Example.org/a b.git?x=1", nil, nil),
            ("https://ada:p%40w@example.org/a.git?x=1", "https://example.org/a.git", "https://example.org/a.git?x=1"),
            ("https://example.org:8443/a%20b.git", "https://example.org:8443/a%20b.git", nil),
            ("http://127.0.0.1:80/a", "http://127.0.0.1:80/a", nil),
            ("http://[::1]:80/a", "http://[::1]:80/a", nil),
            ("http://localhost/a", "http://localhost/a", nil),
            ("ssh://example.org/a", "ssh://example.org/a", "ssh://git@example.org/a"),
            ("ssh://ada@example.org:2222/~/a", "ssh://example.org:2222/~/a", "ssh://ada@example.org:2222/~/a"),
            ("git@example.org:team/a.git", "example.org:team/a.git", "git@example.org:team/a.git"),
            ("/srv/a b", "/srv/a b", "file:///srv/a%20b"), ("file:///srv/a%20b", "/srv/a b", "file:///srv/a%20b"),
            ("./a b", "./a b", "./a b"),
            ("git@[::1]:a", "[::1]:a", "git@[::1]:a"), ("[git@example.org]:a", "example.org:a", "git@example.org:a"),
            ("[ada@example.org:2222]:team/a", "ssh://example.org:2222/team/a", "ssh://ada@example.org:2222/team/a"),
            ("[example.org:2222]:/a", "ssh://example.org:2222/a", "ssh://git@example.org:2222/a"),
            ("ssh://[::1]:2222/a", "ssh://[::1]:2222/a", "ssh://git@[::1]:2222/a"),
            ("https://example.org:0443/a", "https://example.org:443/a", nil),
        ])
    func read(_ text: String, _ display: String?, _ url: String?) throws {
        guard let display else {
            #expect(throws: GitFailure.self) { try RepositoryURL(text, allowFile: true) }
            return
        }
        let read = try RepositoryURL(text, allowFile: true)
        #expect(read.display == display)
        #expect(read.text == url ?? display)
    }

    @Test(
        "An unsafe or incomplete URL is refused",
        arguments: [
            ("", "empty"), ("a\nb", "control"), ("https://example.org/a b", "spaces"),
            ("git://example.org/a", "git:// URLs are not supported"), ("ftp://example.org/a", "ftp:// URLs"),
            ("ext::sh -c id", "spaces"), ("ext::id", "helper::address"), ("example.org/a", "no scheme"),
            ("http://example.org/a", "not encrypted"), ("http://127.0.0.1.example.org/a", "not encrypted"),
            ("https://example.org", "no repository"), ("https://:80/a", "no valid host"),
            ("https://example.org:99999/a", "no valid host"), ("ssh://-oProxyCommand=x/a", "no valid host"),
            ("ssh://-oProxyCommand=x@host/a", "not allowed"),
            ("-oProxyCommand=x@host:a", "not allowed"), ("ssh://host/-a", "not allowed"),
            ("ssh://host/a'b", "not allowed"), ("ssh://host/a%27b", "not allowed"),
            ("ssh://host/a%0Ab", "not allowed"), ("ssh://[::1]junk/x", "no valid host"),
            ("https://host:+443/a", "no valid host"), ("[git@host:2222]repo", "no scheme"),
            ("[git@host:2222:repo", "no valid host"), ("[git@host:x]:repo", "no valid host"),
            ("ssh://host/a%20b", "not allowed"),
            ("https:/ada:s3cr3t@host/a", "no :// after"), ("https:ada:s3cr3t@host", "no :// after"),
            ("git:s3cr3t@host:a", "no :// after"), ("file:/a", "no :// after"),
            ("file://host/a", "must not contain a host"), ("file://", "no path"), ("file:///a%0Ab", "control"),
        ])
    func refused(_ text: String, _ message: String) {
        let failure = #expect(throws: GitFailure.self) { try RepositoryURL(text, allowFile: true) }
        #expect(failure?.reason == .refused)
        #expect(failure?.message.contains(message) == true, "\(text): \(failure?.message ?? "")")
        #expect(!"\(String(describing: failure))".contains("s3cr3t"))
    }

    @Test("The password of a URL is kept for the server, and removed from messages")
    func password() throws {
        let url = try RepositoryURL("https://ada:p%40w@example.org/a.git", allowFile: false)
        #expect(url.userInfo?.name == "ada")
        #expect(url.userInfo?.password == "p@w")
        let settings = GitSettings(name: "a", url: "", credentials: .token("s3cret"), mirror: "/")
        let text = "https://x:y@h/ said s3cret, p@w and eC1hY2Nlc3MtdG9rZW46czNjcmV0"
        #expect(
            Redaction(settings, url: url).clean(text) == "https://h/ said [redacted], [redacted] and [redacted]")
    }
}
