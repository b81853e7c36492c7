import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("Errors with a class")
struct ErrorClassTests {
    let workshop = Workshop()

    @Test(
        "A command names the class of its failure, with any exit code",
        arguments: ProviderError.Kind.allCases, [0, 1, 75])
    func classes(kind: ProviderError.Kind, code: Int) async throws {
        let script = #"echo working; echo '{"error": {"class": "\#(kind.rawValue)", "message": "no"}}'; exit \#(code)"#
        #expect(try await workshop.run(script).outcome == .refused(ProviderError(kind, "no")))
    }

    @Test("Exit code 69 is an outage")
    func exitCode() async throws {
        let outcome = try await workshop.run("echo 'the API is down' >&2; exit 69").outcome
        #expect(outcome == .refused(ProviderError(.outage, "exit code 69: the API is down")))
    }

    @Test(
        "The pause that a command asks for is bounded, and an unreadable one is ignored",
        arguments: [("\"90s\"", 90), ("\"2h\"", 300), ("\"soon\"", nil), ("7", nil), ("\"-5s\"", nil)])
    func retryAfter(text: String, seconds: Int?) async throws {
        let script = #"echo '{"error": {"class": "quota", "message": "no", "retryAfter": \#(text)}}'; exit 1"#
        let pause = seconds.map { Duration.seconds($0) }
        #expect(try await workshop.run(script).outcome == .refused(ProviderError(.quota, "no", retryAfter: pause)))
    }

    @Test(
        "An error without a known class is an ordinary failure",
        arguments: [#"{"error": {"class": "disaster"}}"#, #"{"error": "outage"}"#, #"{"error": {}}"#, "{\"error\":"])
    func unknown(output: String) async throws {
        guard case .failed = try await workshop.run("echo '\(output)'; exit 1").outcome else {
            Issue.record("it is no failure")
            return
        }
    }

    @Test("The message of an error without a class is the cause, and the exit code says what it means")
    func messageAlone() async throws {
        let answer = #"echo '{"error": {"message": "no room in zone b"}}'; "#
        #expect(try await workshop.run(answer + "exit 1").outcome == .failed("no room in zone b"))
        #expect(try await workshop.run(answer + "exit 75").outcome == .tryLater("no room in zone b"))
        #expect(
            try await workshop.run(answer + "exit 69").outcome
                == .refused(ProviderError(.outage, "no room in zone b")))
        let withLog = try await workshop.run("echo one >&2; echo two >&2; " + answer + "exit 1").outcome
        #expect(withLog == .failed("no room in zone b\none\ntwo"))
    }

    @Test("A message is bounded, and an empty one is replaced")
    func messages() async throws {
        let long =
            #"printf '{"error": {"class": "outage", "message": "%s"}}' "$(head -c 100000 /dev/zero | tr '\0' x)"; exit 1"#
        guard case .refused(let error) = try await workshop.run(long).outcome else {
            Issue.record("it has no class")
            return
        }
        #expect(error.message.utf8.count < 5000)
        let empty = try await workshop.run(#"echo '{"error": {"class": "outage"}}'; exit 1"#).outcome
        #expect(empty == .refused(ProviderError(.outage, "the provisioner reports an error of the class outage")))
    }
}
