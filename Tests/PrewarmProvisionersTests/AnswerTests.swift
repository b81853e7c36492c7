import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("What a command prints")
struct AnswerTests {
    let workshop = Workshop()

    @Test(
        "is read as its answer",
        arguments: [
            ("", Outcome.ready),
            ("\n \n", .ready),
            ("{}", .ready),
            (#"{"state": "ready"}"#, .ready),
            (#"{"state": "ready", "endpoint": "ssh://a", "unknown": [1]}"#, .done(endpoint: "ssh://a", metadata: [:])),
            (
                #"{"state":"starting","endpoint":null,"metadata":{"a":"x","b":1,"c":2.5,"d":true,"e":null}}"#,
                .starting(endpoint: nil, metadata: ["a": "x", "b": "1", "c": "2.5", "d": "true"])
            ),
            ("pulling\ndone\n{\"endpoint\": \"e\"}\n\n", .done(endpoint: "e", metadata: [:])),
            ("{\"level\":\"info\"}\n{\"endpoint\": \"e\"}", .done(endpoint: "e", metadata: [:])),
            ("log {\n{\n  \"metadata\": {\n    \"k\": \"}\"\n  }\n}\n", .done(endpoint: nil, metadata: ["k": "}"])),
            (#"{"endpoint": "\u0000\ud83d\ude00ü"}"#, .done(endpoint: "\u{fffd}😀ü", metadata: [:])),
        ])
    func answers(_ output: String, _ expected: Outcome) async throws {
        try workshop.write("out", output)
        #expect(try await workshop.run("cat out").outcome == expected)
    }

    @Test(
        "is refused where it is no answer, and shown",
        arguments: [
            ("created vm-1", "does not end with a JSON object; it begins with: \"created vm-1\""),
            ("{\"state\": \"ready\"}\nbye", "does not end with a JSON object"),
            ("{\"state\": \"rea", "does not end with a JSON object"),
            ("{'state': 'ready'}", "does not end with a JSON object"),
            ("[1]", "does not end with a JSON object"),
            (#"{"state": "up"}"#, #"the state "up" is no answer to create, in place of "ready" or "starting""#),
            (#"{"state": "lost"}"#, "the state \"lost\""),
            (#"{"state": 1}"#, "state is not a string"),
            (#"{"endpoint": {}}"#, "endpoint is not a string"),
            (#"{"metadata": []}"#, "metadata is not an object"),
            (#"{"metadata": {"a": {"b": 1}}}"#, "metadata.a is not a string, number or boolean"),
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
        "depends on the operation",
        arguments: [
            (ProvisionerOperation.inspect, "ready", Outcome?.some(.ready)),
            (.inspect, "starting", .starting(endpoint: nil, metadata: [:])),
            (.inspect, "lost", .lost), (.inspect, "gone", .lost),
            (.delete, "ready", .ready), (.delete, "gone", .ready), (.delete, "starting", nil),
            (.stop, "ready", .ready), (.stop, "lost", nil),
            (.claim, "starting", .starting(endpoint: nil, metadata: [:])),
        ])
    func operations(_ operation: ProvisionerOperation, _ state: String, _ expected: Outcome?) async throws {
        let outcome = try await workshop.run("echo '{\"state\":\"\(state)\"}'", request(operation)).outcome
        if let expected { #expect(outcome == expected) } else { #expect(outcome.failure != nil) }
    }

    @Test("is refused where it is nested without end", arguments: [400, 200_000])
    func nested(_ depth: Int) async throws {
        let brackets = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        try workshop.write("out", "{\"metadata\": {\"a\": \(brackets)}}")
        #expect(try await workshop.run("cat out").outcome.failure != nil)
        try workshop.write("out", String(repeating: "{\n", count: 100_000) + "x}")
        #expect(try await workshop.run("cat out").outcome.failure != nil)
    }

    @Test("of more than 1 MiB ends it")
    func tooMuch() async throws {
        let script = "echo $$ > pid; head -c 10000000 /dev/zero; echo survived > proof; sleep 60"
        let reply = try await workshop.run(script)
        #expect(reply.outcome == .failed("wrote more than 1 MiB to standard output"))
        #expect(!isRunning(try await workshop.process("pid")))
    }

    @Test("of 1 MiB is read whole")
    func justEnough() async throws {
        let script = "head -c 1048560 /dev/zero | tr '\\0' x; echo; echo '{\"endpoint\":1}'"
        #expect(try await workshop.run(script).outcome.failure?.hasPrefix("endpoint is not a string") == true)
    }

    @Test("is read to the end from a process substitution that outlives the script")
    func tee() async throws {
        let script = "exec > >(sleep 0.2; cat)\necho '{\"endpoint\":\"late\"}'"
        let outcome = try await workshop.run(script, interpreter: "/bin/bash").outcome
        #expect(outcome == .done(endpoint: "late", metadata: [:]))
    }

    @Test("lists workspaces, and never takes silence for an empty list")
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

    @Test("may be a list of many megabytes")
    func longList() async throws {
        let script = """
            import json
            print(json.dumps({"workspaces": [{"id": "w%08d" % i, "state": "x" * 100} for i in range(20000)]}, indent=1))
            """
        let listed = try await workshop.provisioner(script, interpreter: "/usr/bin/python3").list()
        #expect(listed.count == 20_000)
        #expect(listed.last?.id == WorkspaceID("w00019999"))
    }

    @Test("to list is asked for without a workspace")
    func listRequest() async throws {
        let script = #"cat > in; env > env; echo "$1" > argument; echo '{"workspaces":[]}'"#
        _ = try await workshop.provisioner(script).list()
        #expect(workshop.read("in") == "{\"protocol\":\"prewarm-provisioner/v1\",\"operation\":\"list\"}\n")
        #expect(workshop.read("argument") == "list\n")
        #expect(workshop.read("env")?.contains("PREWARM_OPERATION=list\n") == true)
    }
}
