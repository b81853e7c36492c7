import ClockSupport
import Foundation
import PrewarmCore
import Testing

@testable import PrewarmWebhooks

@Suite("Payloads of webhooks")
struct PushNoticeTests {
    static let commit = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7"
    static let none = String(repeating: "0", count: 40)

    private func content(
        _ kind: WebhookKind, _ fields: KeyValuePairs<String, String>, _ body: String
    ) throws -> WebhookContent {
        try WebhookContent(WebhookRequest(fields, body), kind: kind)
    }

    private func notice(
        _ kind: WebhookKind, _ fields: KeyValuePairs<String, String>, _ body: String
    ) throws -> PushNotice {
        guard case .push(let notice) = try content(kind, fields, body) else { throw NoPush() }
        return notice
    }

    struct NoPush: Error {}

    @Test("A documented push of GitHub gives repository, ref and commit")
    func github() throws {
        let notice = try notice(
            .github, ["X-GitHub-Event": "push"],
            """
            {"ref": "refs/heads/main", "before": "\(Self.none)", "after": "\(Self.commit)", "created": false,
             "deleted": false, "forced": true, "base_ref": null, "commits": [], "head_commit": null,
             "repository": {"id": 186853002, "name": "Presets", "full_name": "Example/Presets", "private": true,
               "html_url": "https://github.com/Example/Presets", "url": "https://github.com/Example/Presets",
               "git_url": "git://github.com/Example/Presets.git", "ssh_url": "git@github.com:Example/Presets.git",
               "clone_url": "https://github.com/Example/Presets.git", "default_branch": "main", "master_branch": "main"},
             "pusher": {"name": "ada", "email": "ada@example.org"}}
            """)
        #expect(notice.addresses.map(\.description) == ["github.com/example/presets"])
        #expect(notice.updates == [PushNotice.Update(ref: "refs/heads/main", commit: Self.commit)])
        #expect(notice.defaultBranch == "main")
    }

    @Test(
        "A push, a tag and a system hook of GitLab give repository, ref and commit",
        arguments: [
            ("Push Hook", "\"object_kind\": \"push\", \"event_name\": \"push\", \"ref\": \"refs/heads/main\""),
            (
                "Tag Push Hook",
                "\"object_kind\": \"tag_push\", \"event_name\": \"tag_push\", \"ref\": \"refs/tags/v1.0.0\""
            ),
            ("System Hook", "\"event_name\": \"push\", \"ref\": \"refs/heads/main\""),
        ])
    func gitlab(event: String, kind: String) throws {
        let notice = try notice(
            .gitlab, ["X-Gitlab-Event": event],
            """
            {\(kind), "before": "\(Self.none)", "after": "\(Self.commit)", "checkout_sha": "\(Self.commit)",
             "user_id": 4, "project_id": 15, "total_commits_count": 4, "commits": [],
             "project": {"id": 15, "name": "Presets", "web_url": "https://gitlab.example.org/platform/presets",
               "git_ssh_url": "ssh://git@gitlab.example.org:2222/platform/presets.git",
               "git_http_url": "https://gitlab.example.org/platform/presets.git",
               "path_with_namespace": "platform/presets", "default_branch": "main", "ci_config_path": null}}
            """)
        #expect(
            notice.addresses.map(\.description) == [
                "gitlab.example.org/platform/presets", "gitlab.example.org:2222/platform/presets",
            ])
        #expect(notice.updates.map(\.commit) == [Self.commit])
        #expect(notice.updates.map(\.ref) == [event == "Tag Push Hook" ? "refs/tags/v1.0.0" : "refs/heads/main"])
    }

    @Test(
        "A push of Gitea, Forgejo or Gogs gives repository and ref",
        arguments: ["X-Gitea-Event", "X-Forgejo-Event", "X-Gogs-Event"])
    func gitea(field: String) throws {
        let request = WebhookRequest(
            [field: "push"],
            """
            {"ref": "refs/heads/develop", "before": "28e1879d029cb852e4844d9c718537df08844e03", "after": "\(Self.commit)",
             "compare_url": "", "commits": [], "repository": {"id": 140, "full_name": "ada/presets",
               "html_url": "http://localhost:3000/ada/presets", "ssh_url": "ssh://ada@localhost:2222/ada/presets.git",
               "clone_url": "http://localhost:3000/ada/presets.git", "default_branch": "main"}}
            """)
        guard case .push(let notice) = try WebhookContent(request, kind: .gitea) else { throw NoPush() }
        #expect(notice.addresses.map(\.description) == ["localhost:3000/ada/presets", "localhost:2222/ada/presets"])
        #expect(notice.updates.map(\.ref) == ["refs/heads/develop"])
    }

    @Test("A push of Bitbucket Cloud gives every change, also deleted refs")
    func bitbucketCloud() throws {
        let notice = try notice(
            .bitbucket, ["X-Event-Key": "repo:push"],
            """
            {"actor": {"type": "user"}, "repository": {"type": "repository", "full_name": "Example/Presets",
               "links": {"self": {"href": "https://api.bitbucket.org/2.0/repositories/example/presets"},
                         "html": {"href": "https://bitbucket.org/example/presets"}}},
             "push": {"changes": [
               {"new": {"type": "branch", "name": "feature/x", "target": {"type": "commit", "hash": "\(Self.commit)"}},
                "old": null, "created": true, "closed": false, "forced": false},
               {"new": {"type": "tag", "name": "v1.2.0", "target": {"hash": "\(Self.commit)"}}, "old": null},
               {"new": null, "old": {"type": "branch", "name": "main", "target": {"hash": "\(Self.commit)"}}}]}}
            """)
        #expect(notice.addresses.map(\.description) == ["bitbucket.org/example/presets"])
        #expect(
            notice.updates == [
                PushNotice.Update(ref: "refs/heads/feature/x", commit: Self.commit),
                PushNotice.Update(ref: "refs/tags/v1.2.0", commit: Self.commit),
                PushNotice.Update(ref: "refs/heads/main", commit: nil),
            ])
    }

    @Test("A push of Bitbucket Data Center gives every change, with and without links")
    func bitbucketServer() throws {
        let changes = """
            "changes": [
             {"ref": {"id": "refs/heads/master", "displayId": "master", "type": "BRANCH"}, "refId": "refs/heads/master",
              "fromHash": "ecddabb624f6f5ba43816f5926e580a5f680a932", "toHash": "\(Self.commit)", "type": "UPDATE"},
             {"ref": {"id": "refs/tags/v1"}, "refId": "refs/tags/v1", "toHash": "\(Self.none)", "type": "DELETE"}]
            """
        let linked = try notice(
            .bitbucket, ["X-Event-Key": "repo:refs_changed"],
            """
            {"eventKey": "repo:refs_changed", "repository": {"slug": "presets", "project": {"key": "PRE"}, "links":
             {"clone": [{"href": "ssh://git@git.example.org:7999/pre/presets.git", "name": "ssh"},
                        {"href": "https://git.example.org/scm/pre/presets.git", "name": "http"}]}}, \(changes)}
            """)
        #expect(
            linked.addresses.map(\.description) == [
                "git.example.org:7999/pre/presets", "git.example.org/scm/pre/presets",
            ])
        #expect(linked.updates.map(\.commit) == [Self.commit, nil])
        let bare = try notice(
            .bitbucket, ["X-Event-Key": "repo:refs_changed"],
            "{\"repository\": {\"slug\": \"presets\", \"project\": {\"key\": \"PRE\"}}, \(changes)}")
        let source = WatchedSource(
            name: "presets", url: "https://git.example.org/scm/PRE/presets.git", ref: .branch("master"))
        let other = WatchedSource(
            name: "other", url: "https://git.example.org/scm/PRE/other.git", ref: .branch("master"))
        #expect(bare.names(source) && !bare.names(other) && linked.names(source) && !linked.names(other))
    }

    @Test("A push of Azure DevOps gives every ref, also if the list is empty")
    func azure() throws {
        let head = """
            {"id": "03c164c2-8912-4d5e-8009-3707d5f83734", "eventType": "git.push", "publisherId": "tfs",
             "message": {"text": "..."}, "resource": {"commits": [],
            """
        let repository = """
            "repository": {"id": "1", "name": "Presets", "defaultBranch": "refs/heads/main",
              "remoteUrl": "https://example@dev.azure.com/example/Platform/_git/Presets"}
            """
        let updates = """
            "refUpdates": [{"name": "refs/heads/main", "oldObjectId": "\(Self.none)", "newObjectId": "\(Self.commit)"},
                           {"name": "refs/heads/gone", "newObjectId": "\(Self.none)"}],
            """
        let full = try notice(.azureDevOps, [:], head + updates + repository + "}}")
        #expect(full.addresses.map(\.description) == ["dev.azure.com/example/platform/_git/presets"])
        #expect(full.updates.map(\.commit) == [Self.commit, nil] && full.defaultBranch == "main")
        #expect(full.deliveryID == "03c164c2-8912-4d5e-8009-3707d5f83734")
        #expect(try notice(.azureDevOps, [:], head + "\"refUpdates\": []," + repository + "}}").updates.isEmpty)
    }

    @Test(
        "Pings and other events are distinguished from pushes",
        arguments: [
            (.github, ["X-GitHub-Event": "ping"], "{\"zen\": \"Keep it logically awesome.\"}", .ping),
            (.bitbucket, ["X-Event-Key": "diagnostics:ping"], "{\"test\": true}", .ping),
            (.github, ["X-GitHub-Event": "issues"], "not even JSON", .other(event: "issues")),
            (.gitlab, ["X-Gitlab-Event": "Pipeline Hook"], "{}", .other(event: "Pipeline Hook")),
            (
                .gitlab, ["X-Gitlab-Event": "System Hook"], "{\"event_name\": \"user_create\"}",
                .other(event: "user_create")
            ),
            (.gitea, ["X-Gitea-Event": "release"], "{}", .other(event: "release")),
            (.bitbucket, ["X-Event-Key": "repo:fork"], "{}", .other(event: "repo:fork")),
            (.azureDevOps, [:], "{\"eventType\": \"workitem.created\", \"resource\": 5, \"id\": null}", nil),
            (
                .azureDevOps, [:], "{\"eventType\": \"build.complete\", \"resource\": {}}",
                .other(event: "build.complete")
            ),
            (.generic, [:], "whatever", .anything), (.standard, [:], "", .anything),
        ] as [(WebhookKind, KeyValuePairs<String, String>, String, WebhookContent?)])
    func others(kind: WebhookKind, fields: KeyValuePairs<String, String>, body: String, expected: WebhookContent?) {
        #expect((try? content(kind, fields, body)) == expected)
    }

    @Test(
        "Absent and null values are no errors and match no source",
        arguments: [
            (.github, ["X-GitHub-Event": "push"], "{\"ref\": \"refs/heads/main\", \"repository\": null}"),
            (.github, ["X-GitHub-Event": "push"], "{\"ref\": \"refs/heads/main\", \"after\": null}"),
            (.gitea, ["X-Gogs-Event": "push"], "{\"ref\": \"main\", \"repository\": null, \"commits\": null}"),
            (.gitlab, ["X-Gitlab-Event": "Push Hook"], "{\"object_kind\": \"push\", \"ref\": \"x\", \"project\": {}}"),
            (.bitbucket, ["X-Event-Key": "repo:push"], "{}"),
            (
                .bitbucket, ["X-Event-Key": "repo:push"],
                "{\"push\": {\"changes\": [null, {}, {\"new\": null, \"old\": null}]}}"
            ),
            (
                .bitbucket, ["X-Event-Key": "repo:refs_changed"],
                "{\"changes\": [], \"repository\": {\"links\": {\"clone\": [null]}}}"
            ),
            (.bitbucket, ["X-Event-Key": "repo:refs_changed"], "{\"changes\": null}"),
            (.azureDevOps, [:], "{\"eventType\": \"git.push\"}"),
            (.azureDevOps, [:], "{\"eventType\": \"git.push\", \"resource\": {\"refUpdates\": [null]}}"),
        ] as [(WebhookKind, KeyValuePairs<String, String>, String)])
    func absent(kind: WebhookKind, fields: KeyValuePairs<String, String>, body: String) throws {
        let notice = try notice(kind, fields, body)
        let source = WatchedSource(name: "s", url: "https://github.com/example/presets", ref: .branch("main"))
        #expect(!notice.names(source))
    }

    @Test(
        "A value of another type gives an error that names its place",
        arguments: [
            (.github, ["X-GitHub-Event": "push"], "", "the body is not JSON"),
            (.github, ["X-GitHub-Event": "push"], "[]", "the body is not a JSON object"),
            (
                .github, ["X-GitHub-Event": "push"], "{\"ref\": 5}",
                "invalid ref in the body: the forge documents another type"
            ),
            (.github, ["X-GitHub-Event": "push"], "{}", "the body lacks ref"),
            (
                .github, ["X-GitHub-Event": "push"], "{\"ref\": \"a\", \"repository\": {\"clone_url\": []}}",
                "invalid repository.cloneUrl in the body: the forge documents another type"
            ),
            (.github, [:], "{}", "the header lacks X-GitHub-Event"),
            (.gitlab, ["X-Gitlab-Event": "Push Hook"], "{\"object_kind\": \"push\"}", "the body lacks ref"),
            (
                .bitbucket, ["X-Event-Key": "repo:push"], "{\"push\": {\"changes\": {}}}",
                "invalid push.changes in the body: the forge documents another type"
            ),
            (
                .bitbucket, ["X-Event-Key": "repo:refs_changed"], "{\"changes\": [5]}",
                "invalid changes[0] in the body: the forge documents another type"
            ),
            (.azureDevOps, [:], "{}", "the body lacks eventType"),
        ] as [(WebhookKind, KeyValuePairs<String, String>, String, String)])
    func wrongTypes(kind: WebhookKind, fields: KeyValuePairs<String, String>, body: String, expected: String) {
        #expect(throws: WebhookContentError(message: expected)) { try content(kind, fields, body) }
    }

    @Test(
        "A text that is not the id of a commit gives no commit",
        arguments: ["", "main", none, commit + "0", "../../etc/passwd"])
    func commits(text: String) {
        #expect(PushNotice.Update(ref: "refs/heads/main", commit: text).commit == nil)
    }

    @Test("Deep nesting gives an error, and a huge list is cut")
    func extremes() throws {
        let deep = "{\"ref\": \"a\", \"x\": " + String(repeating: "[", count: 100_000)
        #expect(throws: WebhookContentError.self) { try content(.github, ["X-GitHub-Event": "push"], deep) }
        let change = "{\"ref\": {\"id\": \"refs/heads/main\"}}"
        let many = "{\"changes\": [" + Array(repeating: change, count: 20_000).joined(separator: ",") + "]}"
        #expect(
            try notice(.bitbucket, ["X-Event-Key": "repo:refs_changed"], many).updates.count == PushNotice.updateLimit)
    }

    @Test("A damaged payload neither crashes prewarm nor matches another source", arguments: WebhookKind.allCases)
    func fuzz(kind: WebhookKind) {
        var random = SplitMix64(seed: 7)
        let sample = WebhookSample(
            kind: kind, secret: Secrets.secret(kind), repository: "https://git.example.org/platform/presets.git",
            ref: .branch("main"), commit: Self.commit, deliveryID: "d"
        ).request(now: .at(0))
        let stranger = WatchedSource(name: "other", url: "https://git.example.org/x/y", ref: .branch("main"))
        let pieces = ["null", "[]", "{}", "\"", "5", "1e999", "-", "\\u0000", "\\ud800", "[[[[", "true", ","]
        for _ in 0..<1500 {
            var body = sample.body
            for _ in 0..<Int.random(in: 1...3, using: &random) where !body.isEmpty {
                let start = Int.random(in: 0..<body.count, using: &random)
                let end = min(body.count, start + Int.random(in: 0...12, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: body[start] = UInt8.random(in: 0...255, using: &random)
                case 1: body.removeSubrange(start..<end)
                case 2:
                    body.replaceSubrange(start..<end, with: Array((pieces.randomElement(using: &random) ?? "").utf8))
                default: body.removeSubrange(end...)
                }
            }
            guard
                case .push(let notice) = try? WebhookContent(
                    WebhookRequest(fields: sample.fields, body: body), kind: kind)
            else { continue }
            #expect(!notice.names(stranger))
        }
    }
}
