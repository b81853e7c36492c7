import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("The log of a command")
struct LogTests {
    let workshop = Workshop()

    @Test("The log is standard error")
    func plain() async throws {
        let reply = try await workshop.run("echo one >&2; echo '{}'; echo two >&2")
        #expect(reply.log == "one\ntwo\n")
        #expect(reply.outcome == .ready)
    }

    @Test("The log keeps its last 256 KiB and the number of missing bytes")
    func huge() async throws {
        let reply = try await workshop.run("yes 0123456789abcde | head -c 3000000 >&2; echo end >&2")
        let missing = 3_000_004 - (1 << 18)
        #expect(reply.log.hasPrefix("[… \(missing) bytes left out]\n"))
        #expect(reply.log.hasSuffix("0123456789abcde\nend\n"))
        #expect(reply.log.utf8.count == (1 << 18) + "[… \(missing) bytes left out]\n".utf8.count)
    }

    @Test("Invalid UTF-8 and NUL in the log are replaced")
    func binary() async throws {
        let reply = try await workshop.run("printf 'a\\377\\000\\342\\202b\\n' >&2; exit 1")
        #expect(reply.log == "a\u{fffd}\u{fffd}\u{fffd}b\n")
        #expect(reply.outcome == .failed("exit code 1: \(reply.log.dropLast())"))
    }

    @Test("An error contains the last ten lines of the log, at most 2 KiB")
    func errors() async throws {
        let many = try await workshop.run("for i in $(seq 30); do echo line $i >&2; done; exit 3")
        let lines = (21...30).map { "line \($0)" }.joined(separator: "\n")
        #expect(many.outcome == .failed("exit code 3: line 30\n" + lines))
        let long = try await workshop.run("head -c 9000 /dev/zero | tr '\\0' x >&2; echo ü >&2; exit 3")
        let failure = try #require(long.outcome.failure)
        #expect(failure.utf8.count <= 2048 + "exit code 3: \n".utf8.count + 302)
        #expect(failure.utf8.count > 1900)
        #expect(failure.hasSuffix("xxü"))
        #expect(try await workshop.run("exit 1").outcome == .failed("exit code 1"))
    }

    @Test("The log, the error, the metadata and the endpoint contain no secret")
    func secrets() async throws {
        let secret = "p\"ss\nwörd-line-two"
        let script = #"""
            set -x
            cat >&2
            printf 'env: %s\n' "$PREWARM_PARAM_TOKEN" >&2
            printf '%s' "$PREWARM_PARAM_SHORT" >&2; echo >&2
            echo "{\"endpoint\":\"https://$PREWARM_PARAM_SHORT@host\",\"metadata\":{\"k\":\"$PREWARM_PARAM_SHORT\"}}"
            """#
        let request = request(
            parameters: ["token": .secret("A"), "short": .secret("B")], secrets: ["A": secret, "B": "hunter2 "])
        let reply = try await workshop.run(script, request)
        for part in ["p\"ss", "p\\\"ss", "wörd-line-two", "hunter2"] {
            #expect(!reply.log.contains(part) || part == "p\"ss", "\(part) in \(reply.log)")
        }
        #expect(reply.log.contains("env: ***\n"))
        #expect(reply.outcome == .done(endpoint: "https://***@host", metadata: ["k": "***"]))

        let failing = try await workshop.run("echo \"x $PREWARM_PARAM_SHORT y\" >&2; exit 1", request)
        #expect(failing.outcome == .failed("exit code 1: x ***y") || failing.outcome == .failed("exit code 1: x *** y"))
        let later = try await workshop.run("echo \"$PREWARM_PARAM_SHORT\" >&2; exit 75", request)
        #expect(later.outcome == .tryLater("***"))
        let noise = try await workshop.run("echo \"$PREWARM_PARAM_SHORT\"", request)
        #expect(noise.outcome.failure?.contains("hunter2") == false)
        let state = try await workshop.run("echo \"{\\\"state\\\":\\\"$PREWARM_PARAM_SHORT\\\"}\"", request)
        #expect(state.outcome.failure?.contains("hunter2") == false)
    }

    @Test("A cut of the log shows no part of a secret", arguments: 0..<8)
    func cut(_ offset: Int) {
        let redactor = Redactor(secrets: ["SECRET"])
        var tail = LogTail(slack: redactor.longestPattern)
        let rest = [UInt8](repeating: 46, count: LogTail.limit - offset)
        for _ in 0..<5 { tail.append(rest[...]) }
        tail.append(Array("SECRET".utf8)[...])
        tail.append(rest[...])
        let text = tail.text(redactor)
        #expect(!text.contains { "SECRT".contains($0) })
        #expect(text.utf8.count <= LogTail.limit + 60)
    }

    @Test(
        "An error begins with the cause from the whole log",
        arguments: [
            (["pulling go-dev", "no space left"], "no space left"),
            (["  + mkdir x", "mkdir: cannot create x: full", "", "  "], "mkdir: cannot create x: full"),
            (
                [
                    "creating", "Traceback (most recent call last):", "  File \"x.py\", line 3, in <module>",
                    "    main()", "OSError: [Errno 28] No space left", "see https://example.org",
                ], "OSError: [Errno 28] No space left"
            ),
            (
                ["java.io.IOException: No space left"] + (1...60).map { "\tat org.example.A.run(A.java:\($0))" },
                "java.io.IOException: No space left"
            ),
            (
                ["Exception in thread \"main\" java.lang.Error: full", "\tat A.run(A.java:1)"],
                "Exception in thread \"main\" java.lang.Error: full"
            ),
            (["panic: full", "", "goroutine 1 [running]:", "main.main()", "exit status 2"], "panic: full"),
            (["Error: no image", "usage: build NAME"], "Error: no image"),
            (["error TS1: no", "fatal: not a repository", "bye"], "fatal: not a repository"),
            (["  at A", "    at B"], "at B"),
        ])
    func causes(log: [String], cause: String) async throws {
        #expect(log.joined(separator: "\n").causeInLog == cause)
        let script = "cat >&2 <<'END'\n\(log.joined(separator: "\n"))\nEND\nexit 3"
        let failure = try #require(try await workshop.run(script).outcome.failure)
        #expect(failure.cause == "exit code 3: \(cause)", "\(failure)")
    }

    @Test("An error names the signal or the exit code")
    func endings() async throws {
        #expect(try await workshop.run("kill -SEGV $$").outcome == .failed("killed by signal SIGSEGV"))
        #expect(try await workshop.run("kill -KILL $$").outcome == .failed("killed by signal SIGKILL"))
        let unknown = try await workshop.run("nosuchprogram")
        #expect(unknown.outcome.failure?.hasPrefix("exit code 127 (a command in it was not found): ") == true)
        #expect(try await workshop.run("exit 75").outcome == .tryLater("exit code 75: try again later"))
        #expect(try await workshop.run("echo a >&2; echo quota >&2; exit 75").outcome == .tryLater("quota"))
    }
}
