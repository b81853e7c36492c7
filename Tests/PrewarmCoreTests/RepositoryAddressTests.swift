import PrewarmCore
import Testing

@Suite("The normal form of repository addresses")
struct RepositoryAddressTests {
    @Test(
        "All ways to write the address of one repository give the same normal form",
        arguments: [
            (
                "github.com/example/presets",
                [
                    "https://github.com/example/presets.git", "https://github.com/example/presets",
                    "https://github.com/Example/Presets/", "HTTPS://GitHub.com:443/example/presets.git/",
                    "https://x-access-token:secret@github.com/example/presets.git",
                    "git@github.com:example/presets.git",
                    "git@github.com:/example/presets.git", "ssh://git@github.com/example/presets.git",
                    "ssh://git@github.com:22/example/presets.git", "ssh://git@ssh.github.com:443/example/presets.git",
                    "git://github.com/example/presets.git", "git://github.com:9418/example/presets",
                    "https://github.com/example/presets?tab=readme#top", "http://github.com:80/example//presets",
                ]
            ),
            (
                "git.example.org:8443/group/sub/presets",
                [
                    "https://git.example.org:8443/group/sub/presets.git",
                    "https://ada@GIT.example.org:8443/Group/Sub/presets",
                ]
            ),
            ("git.example.org:7999/pre/presets", ["ssh://git@git.example.org:7999/PRE/presets.git"]),
            ("[::1]:3000/ada/presets", ["http://[::1]:3000/ada/presets.git"]),
            (
                "dev.azure.com/example/my project/_git/presets",
                [
                    "https://dev.azure.com/example/My%20Project/_git/presets",
                    "https://example@dev.azure.com/example/My%20Project/_git/presets",
                    "https://example.visualstudio.com/My%20Project/_git/presets",
                    "https://example.visualstudio.com/DefaultCollection/My%20Project/_git/presets",
                    "git@ssh.dev.azure.com:v3/example/My%20Project/presets",
                    "example@vs-ssh.visualstudio.com:v3/example/My%20Project/presets",
                    "ssh://git@ssh.dev.azure.com:22/v3/example/My%20Project/presets",
                ]
            ),
            (
                "dev.azure.com/example/presets/_git/presets",
                [
                    "https://dev.azure.com/example/_git/presets", "https://example.visualstudio.com/_git/presets",
                    "https://dev.azure.com/example/presets/_git/presets",
                ]
            ),
        ])
    func same(expected: String, forms: [String]) {
        for form in forms { #expect(RepositoryAddress(form, ignoringCase: true)?.description == expected, "\(form)") }
    }

    @Test(
        "The addresses of two repositories differ",
        arguments: [
            ("https://github.com/example/presets", "https://github.com/example/presets2"),
            ("https://github.com/example/presets", "https://gitlab.com/example/presets"),
            ("https://github.com/example/presets", "https://github.com:8443/example/presets"),
            ("https://github.com/example/presets", "https://github.com/presets"),
            ("https://github.com/example/presets", "https://github.com.example.org/example/presets"),
            ("https://github.com/example/presets", "https://example.org/github.com/example/presets"),
            ("https://github.com/example/presets", "https://github.com@example.org/example/presets"),
            ("https://dev.azure.com/a/b/_git/c", "https://dev.azure.com/b/b/_git/c"),
        ])
    func different(first: String, second: String) {
        #expect(
            RepositoryAddress(first, ignoringCase: true) != nil
                && RepositoryAddress(first, ignoringCase: true) != RepositoryAddress(second, ignoringCase: true))
    }

    @Test(
        "A text that names no repository on a host gives no address",
        arguments: [
            "", "presets", "/srv/git/presets", "./presets", "../presets", "file:///srv/git/presets", "https://",
            "https://a",
            "https:///presets", "ftp://git.example.org/presets", "https://git.example.org/\u{0}presets", "a\nb:c", ":",
            "git@host:", "git@:presets", "https://git.example.org/.git",
            "https://a/" + String(repeating: "x", count: 3000),
        ])
    func none(text: String) {
        #expect(RepositoryAddress(text, ignoringCase: true) == nil)
    }
}
