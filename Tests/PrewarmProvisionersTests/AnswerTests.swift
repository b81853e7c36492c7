import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("The answer of a command")
struct AnswerTests {
    let workshop = Workshop()

    @Test(
        "A valid answer gives its outcome",
        arguments: [
            ("", Outcome.ready),
            ("\n \n", .ready),
            ("{}", .ready),
            (#"{"state": "ready"}"#, .ready),
            (#"{"state": "ready", "endpoint": "ssh://a", "unknown": [1]}"#, .done(endpoint: "ssh://a", metadata: [:])),
            (#"{"status": "ready", "stat": 1, "endpoints": [], "meta": {}}"#, .ready),
            (#"{"status": "200 OK", "endpoint": "e"}"#, .done(endpoint: "e", metadata: [:])),
            (#"{"state": "ready", "stat": "x", "metadata": {}, "metadate": {}}"#, .ready),
            (
                #"{"state":"starting","endpoint":null,"metadata":{"a":"x","b":1,"c":2.5,"d":true,"e":null}}"#,
                .starting(endpoint: nil, metadata: ["a": "x", "b": "1", "c": "2.5", "d": "true"])
            ),
            ("pulling\ndone\n{\"endpoint\": \"e\"}\n\n", .done(endpoint: "e", metadata: [:])),
            ("{\"level\":\"info\"}\n{\"endpoint\": \"e\"}", .done(endpoint: "e", metadata: [:])),
            ("log {\n{\n  \"metadata\": {\n    \"k\": \"}\"\n  }\n}\n", .done(endpoint: nil, metadata: ["k": "}"])),
            (#"{"endpoint": "\u0000\ud83d\ude00ü"}"#, .done(endpoint: "\u{fffd}😀ü", metadata: [:])),
            (
                #"{"metadata":{"a":9437184000000000001,"b":1.10,"c":-0,"d":1e400,"e":0.1000000000000000055,"f":1E5}}"#,
                .done(
                    endpoint: nil,
                    metadata: [
                        "a": "9437184000000000001", "b": "1.10", "c": "-0", "d": "1e400",
                        "e": "0.1000000000000000055", "f": "1E5",
                    ])
            ),
            ("\u{feff}{\"endpoint\": \"e\"}", .done(endpoint: "e", metadata: [:])),
            ("log\n\u{feff}{\"endpoint\": \"e\"}\n", .done(endpoint: "e", metadata: [:])),
            ("\u{feff}", .ready),
            ("\u{1b}[32mdone\u{1b}[0m\n\u{1b}[1m{\"endpoint\": \"e\"}\u{1b}[0m\n", .done(endpoint: "e", metadata: [:])),
            // Titles of terminals end with BEL or with ESC \.
            ("\u{1b}]0;building {x}\u{7}{\"endpoint\": \"e\"}\u{1b}]0;\u{7}\n", .done(endpoint: "e", metadata: [:])),
            ("\u{1b}]2;t\u{1b}\\{\"endpoint\": \"e\"}", .done(endpoint: "e", metadata: [:])),
            ("\u{1b}P1$r0m\u{1b}\\{\"endpoint\": \"e\"}\n", .done(endpoint: "e", metadata: [:])),
            ("\u{1b}]0;no end\n{\"endpoint\": \"e\"}\n", .done(endpoint: "e", metadata: [:])),
            // This is the output of `jq -C` and `tput sgr0`.
            (
                "\u{1b}[1;39m{\n  \u{1b}[0m\u{1b}[34;1m\"endpoint\"\u{1b}[0m\u{1b}[1;39m:\u{1b}[0m \u{1b}[0;32m\"é\"\u{1b}[0m\n}\u{1b}(B\u{1b}[m",
                .done(endpoint: "é", metadata: [:])
            ),
        ])
    func answers(_ output: String, _ expected: Outcome) async throws {
        try workshop.write("out", output)
        #expect(try await workshop.run("cat out").outcome == expected)
    }

    @Test(
        "An invalid answer is a failure that shows the output and the log",
        arguments: [
            (#"{"stat": "ready"}"#, "unknown key \"stat\"; did you mean \"state\"? Standard output begins with:"),
            (#"{"status": "starting"}"#, "unknown key \"status\"; did you mean \"state\"?"),
            (#"{"state": "ready", "endpiont": "a"}"#, "unknown key \"endpiont\"; did you mean \"endpoint\"?"),
            (#"{"metdata": {"a": 1}}"#, "unknown key \"metdata\"; did you mean \"metadata\"?"),
            ("created vm-1", "does not end with a JSON object; it begins with: \"created vm-1\""),
            ("{\"state\": \"ready\"}\nbye", "does not end with a JSON object"),
            ("{\"state\": \"rea", "does not end with a JSON object"),
            ("{'state': 'ready'}", "does not end with a JSON object"),
            ("[1]", "does not end with a JSON object"),
            (
                #"{"state": "up"}"#,
                #"invalid state "up": an answer to create must have "ready" or "starting"; standard output begins"#
            ),
            (#"{"state": "lost"}"#, "invalid state \"lost\""),
            (#"{"state": 1}"#, "invalid state: it must be a string"),
            (#"{"endpoint": {}}"#, "invalid endpoint: it must be a string"),
            ("{\"endpoint\": \"a\", \"endpoint\": \"b\"}", "a key other than \"endpoint\""),
            ("{\"endpoint\": \"a\",}", "expected a key in quotes at byte 17"),
            (#"{"metadata": []}"#, "invalid metadata: it must be an object"),
            (#"{"metadata": {"a": {"b": 1}}}"#, "invalid metadata.a: it must be a string, number or boolean"),
        ])
    func refusals(_ output: String, _ expected: String) async throws {
        try workshop.write("out", output)
        let reply = try await workshop.run("cat out; echo the log >&2")
        let failure = try #require(reply.outcome.failure)
        #expect(failure.contains(expected))
        #expect(failure.hasSuffix("\nthe log"))
        #expect(reply.log == "the log\n")
    }

    @Test(
        "The accepted states depend on the operation",
        arguments: [
            (ProvisionerOperation.inspect, "ready", Outcome?.some(.ready)),
            (.inspect, "starting", .starting(endpoint: nil, metadata: [:])),
            (.inspect, "lost", .lost), (.inspect, "gone", .lost),
            (.delete, "ready", .ready), (.delete, "gone", .ready), (.delete, "starting", nil),
            (.stop, "ready", .ready), (.stop, "lost", nil),
            (.claim, "ready", .ready), (.claim, "starting", nil),
        ])
    func operations(_ operation: ProvisionerOperation, _ state: String, _ expected: Outcome?) async throws {
        let outcome = try await workshop.run("echo '{\"state\":\"\(state)\"}'", request(operation)).outcome
        if let expected { #expect(outcome == expected) } else { #expect(outcome.failure != nil) }
    }

    @Test("A deeply nested answer is refused in linear time", arguments: [40, 400, 4800, 200_000])
    func nested(_ depth: Int) async throws {
        let start = ContinuousClock.now
        let brackets = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let objects = String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
        let lines = String(repeating: "{\"a\":\n", count: depth) + "1" + String(repeating: "}", count: depth)
        for text in [
            "{\"metadata\": {\"a\": \(brackets)}}", "{\"x\": \(brackets)}", objects, lines,
            String(repeating: "{\n", count: depth) + "x}",
        ] where text.utf8.count < 1 << 20 {
            try workshop.write("out", text)
            #expect(try await workshop.run("cat out").outcome.failure != nil)
            let provisioner = try workshop.provisioner("cat out")
            let failure = await #expect(throws: ProvisionerFailure.self) { try await provisioner.list() }
            #expect(failure?.reason == .badAnswer)
        }
        // A parser whose time grows with the cube of the depth takes hours.
        #expect(ContinuousClock.now - start < .seconds(600))
    }

    @Test("An answer in UTF-16 is refused with an error that says so")
    func utf16() async throws {
        let failure = try await workshop.run(#"printf '\377\376{\0}\0'"#).outcome.failure
        #expect(failure?.hasPrefix("standard output is UTF-16, not UTF-8") == true)
    }

    @Test("An answer to inspect can report a broken workspace", arguments: ["stopped", "failed", "unhealthy"])
    func broken(_ state: String) async throws {
        let script = #"echo '{"state": "\#(state)", "message": "disk"}'"#
        let outcome = try await workshop.run(script, request(.inspect)).outcome
        #expect(outcome == .broken("the provisioner reports that the workspace is \(state): disk"))
        #expect(try await workshop.run(script).outcome.failure?.contains("an answer to create must have") == true)
    }

    @Test("An output of more than 1 MiB ends the command")
    func tooMuch() async throws {
        let script = "echo $$ > pid; head -c 10000000 /dev/zero; echo survived > proof; sleep 60"
        let reply = try await workshop.run(script)
        #expect(reply.outcome == .failed("wrote more than 1 MiB to standard output"))
        #expect(!isRunning(try await workshop.process("pid")))
    }

    @Test("An output of 1 MiB is read completely")
    func justEnough() async throws {
        let script = "head -c 1048560 /dev/zero | tr '\\0' x; echo; echo '{\"endpoint\":1}'"
        #expect(
            try await workshop.run(script).outcome.failure?.hasPrefix("invalid endpoint: it must be a string") == true)
    }

    @Test("The output of a process substitution that outlives the script is read to its end")
    func tee() async throws {
        let script = "exec > >(sleep 0.2; cat)\necho '{\"endpoint\":\"late\"}'"
        let outcome = try await workshop.run(script, interpreter: "/bin/bash").outcome
        #expect(outcome == .done(endpoint: "late", metadata: [:]))
    }

    @Test("An answer to list gives workspaces, and a missing list is not an empty list")
    func list() async throws {
        let listing = #"echo noise; echo '{"workspaces":[{"id":"a","state":"ready"},{"id":"b"}]}'"#
        let listed = try await workshop.provisioner(listing).list()
        #expect(
            listed == [
                ListedWorkspace(id: WorkspaceID("a"), state: "ready"), ListedWorkspace(id: WorkspaceID("b")),
            ])
        #expect(try await workshop.provisioner(#"echo '{"workspaces":[]}'"#).list() == [])
        for (script, reason) in [
            ("exit 0", ProvisionerFailure.Reason.badAnswer), ("echo '{}'", .badAnswer),
            ("echo '{\"workspaces\":[{\"name\":1}]}'", .badAnswer), ("exit 1", .failed), ("exit 75", .tryLater),
        ] {
            let provisioner = try workshop.provisioner(script)
            let failure = await #expect(throws: ProvisionerFailure.self) { try await provisioner.list() }
            #expect(failure?.reason == reason, "\(script)")
        }
    }

    @Test("An answer to list may have several megabytes")
    func longList() async throws {
        let script = """
            import json
            print(json.dumps({"workspaces": [{"id": "w%08d" % i, "state": "x" * 100} for i in range(20000)]}, indent=1))
            """
        let listed = try await workshop.provisioner(script, interpreter: "/usr/bin/python3").list()
        #expect(listed.count == 20_000)
        #expect(listed.last?.id == WorkspaceID("w00019999"))
    }

    @Test("The number of listed workspaces and the length of their ids are limited")
    func countlessList() async throws {
        func list(_ entries: String) async throws -> ProvisionerFailure? {
            let script = "print('{\"workspaces\": [' + ', '.join(\(entries)) + ']}')"
            let provisioner = try workshop.provisioner(script, interpreter: "/usr/bin/python3")
            return await #expect(throws: ProvisionerFailure.self) { try await provisioner.list() }
        }
        let many = try await list(#"'{"id": "w%07d"}' % i for i in range(300000)"#)
        #expect(many?.message.contains("lists 300000 workspaces, more than the limit of 200000") == true)
        let larger = try await list(#"'{"id": "w%07d", "note": "%s"}' % (i, "x" * 100) for i in range(300000)"#)
        #expect(larger?.message == "wrote more than 32 MiB to standard output")
        for bad in [#"'{"id": "%s"}' % ("x" * 600) for i in range(2)"#, #"'{"id": ""}' for i in range(2)"#] {
            #expect(
                try await list(bad)?.message.contains("invalid \"id\" in entry 1 of \"workspaces\": it must be") == true
            )
        }
    }

    @Test("Answers to list and inspect can say when a workspace was used last")
    func activity() async throws {
        let time = "2026-11-24T10:30:00+01:00"
        let listing = #"echo '{"workspaces":[{"id":"a","activeAt":"\#(time)"},{"id":"b","activeAt":null}]}'"#
        let listed = try await workshop.provisioner(listing).list()
        #expect(listed.map(\.activeAt) == [Timestamp("2026-11-24T09:30:00Z"), nil])
        let script = #"echo '{"state": "ready", "activeAt": "\#(time)"}'"#
        #expect(try await workshop.run(script, request(.inspect)).activeAt == Timestamp("2026-11-24T09:30:00Z"))
        #expect(try await workshop.run(script, request(.create)).activeAt == nil, "a create renews nothing")
    }

    @Test("An invalid time of activity is an error, since a lease would end without it", arguments: ["1", #""now""#])
    func wrongActivity(_ value: String) async throws {
        let provisioner = try workshop.provisioner(
            #"echo '{"workspaces":[{"id":"a"},{"id":"b","activeAt":\#(value)}]}'"#)
        let failure = await #expect(throws: ProvisionerFailure.self) { try await provisioner.list() }
        #expect(failure?.reason == .badAnswer)
        #expect(failure?.message.contains("invalid \"activeAt\" in entry 2 of \"workspaces\"") == true)
        let reply = try await workshop.run(#"echo '{"activeAt": \#(value)}'"#, request(.inspect))
        #expect(reply.outcome.failure?.contains("invalid activeAt: it must be a time in RFC 3339") == true)
    }

    @Test("The request to list contains no workspace")
    func listRequest() async throws {
        let script = #"cat > in; env > env; echo "$1" > argument; echo '{"workspaces":[]}'"#
        _ = try await workshop.provisioner(script).list()
        #expect(workshop.read("in") == "{\"protocol\":\"prewarm-provisioner/v1\",\"operation\":\"list\"}\n")
        #expect(workshop.read("argument") == "list\n")
        #expect(workshop.read("env")?.contains("PREWARM_OPERATION=list\n") == true)
    }
}
