import Testing

@testable import PrewarmProvisioners

@Suite("Text from outside")
struct SecretTextTests {
    @Test(
        "Parts of a text that look like secrets are removed",
        arguments: [
            ("+ curl s3cr3t\r\nno vault\n++ echo s3cr3t", "no vault"),
            ("Authorization: Bearer s3cr3t was refused", "Authorization: … was refused"),
            ("Proxy-Authorization: s3cr3t was refused", "Proxy-Authorization: … was refused"),
            (#"{"Authorization": "token s3cr3t"}"#, #"{"Authorization": "…"}"#),
            ("sent bearer s3cr3t", "sent bearer …"), ("basic s3cr3t", "basic …"), ("bearer=s3cr3t", "bearer=…"),
            (#"PASSWORD="two s3cr3t" at 1"#, "PASSWORD=… at 1"), ("passphrase: 'two s3cr3t'", "passphrase: …"),
            (#"{"token": "a\"s3cr3t", "user": "ada"}"#, #"{"token": …, "user": "ada"}"#),
            (#"{\"token\":\"s3cr3t\"}"#, #"{\"token\":…"#), (#"password="an open s3cr3t"#, "password=…"),
            ("API_KEY=a&s3cr3t", "API_KEY=…"), ("AWS_SECRET_ACCESS_KEY=s3cr3t", "AWS_SECRET_ACCESS_KEY=…"),
            ("SECRET_KEY: s3cr3t", "SECRET_KEY: …"), ("private-key=s3cr3t", "private-key=…"),
            ("TOKEN_GITHUB='s3cr3t'", "TOKEN_GITHUB=…"), ("curl -u ada:ghp_s3cr3t x", "curl -u ada:… x"),
            ("gho_s3cr3t ghs_s3cr3t github_pat_s3cr3t glpat-s3cr3t", "… … … …"),
            ("got eyJs3cr3t.eyJs3cr3t.s3-cr3t", "got …"),
            ("https://ada:p@s3cr3t@git.example.com/x: 404", "https://git.example.com/x: 404"),
        ])
    func secrets(_ text: String, _ expected: String) {
        #expect(text.withoutSecrets == expected)
    }

    @Test(
        "A text without secrets stays unchanged",
        arguments: [
            "", "no vault", "A JSON web token could not be decoded", "one\n\ntwo", "1 + 1",
            "HTTP Basic: Access denied. The provided password or token is incorrect",
        ])
    func plain(_ text: String) {
        #expect(text.withoutSecrets == text)
    }
}
