import Foundation
import Subprocess
import SystemPackage
import Testing

/// The files of `examples/ci` work: their shell commands run against a daemon, a git server and the API of a forge.
@Suite(
    "CI files of the examples",
    .enabled("pyjwt is not here: pip install pyjwt cryptography") { try await AccessPeer.has("jwt") })
struct CIExampleTests {
    /// A sandbox with a daemon whose source is a repository on a git server, and a forge.
    private struct Scene: Sendable {
        let daemon: RunningDaemon
        let forge: String
        let issuer: String
        var sandbox: Sandbox { daemon.sandbox }

        /// Runs the steps of a job in the checkout, until one fails.
        func run(_ name: String, of file: String, _ secrets: [String: String]) async throws -> Sandbox.Result {
            let job = try await CIPeer.job(name, of: file)
            #expect(!job.scripts.isEmpty)
            let sha = try await sandbox.head()
            var variables = job.variables.merging(Self.runner(forge, issuer, sandbox)) { $1 }
            variables.merge(["GITHUB_SHA": sha, "CI_COMMIT_SHA": sha, "PREWARM_SERVER": daemon.url]) { $1 }
            variables.merge(secrets) { $1 }
            for (name, value) in variables where value.contains("${{") {
                Issue.record("\(file) sets \(name) to \(value), which the test does not know")
            }
            var last = Sandbox.Result(code: 1, out: "", err: "")
            for script in job.scripts {
                last = try await sandbox.shell(script, variables)
                if last.code != 0 { return last }
            }
            return last
        }

        /// The variables that a runner sets.
        private static func runner(_ forge: String, _ issuer: String, _ sandbox: Sandbox) -> [String: String] {
            [
                "RUNNER_TEMP": sandbox.root.path, "NUMBER": "7",
                "CI_MERGE_REQUEST_IID": "7",
                "GITHUB_API_URL": forge, "GITHUB_SERVER_URL": forge, "GITHUB_REPOSITORY": "team/presets",
                "CI_API_V4_URL": "\(forge)/api/v4", "CI_PROJECT_ID": "42", "GITHUB_TOKEN": "the-forge",
                "COMMENT_TOKEN": "the-forge", "ACTIONS_ID_TOKEN_REQUEST_URL": "\(issuer)/token?api-version=2",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-runner",
            ]
        }

        /// Commits a preset to the branch of the pull request.
        func propose(_ instances: Int) async throws {
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: instances)])
            for ref in ["refs/pull/7/head", "refs/merge-requests/7/head"] {
                try await sandbox.git("update-ref", ref, "HEAD")
            }
        }
    }

    private func withScene(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await AccessPeer.run("issue", in: sandbox) { issuer in
            try await GitBackend.serving(sandbox) { git in
                try await CIPeer.forge(in: sandbox) { forge in
                    let issuer = "http://127.0.0.1:\(issuer)"
                    let configuration = Sandbox.configuration.replacing(
                        "file://ROOT/repo", with: "http://127.0.0.1:\(git)/open/repo/.git")
                    try sandbox.write(
                        "prewarm.yaml",
                        configuration + """

                            server:
                              oidc:
                                - issuer: \(issuer)
                                  audience: prewarm
                                  rules: [{claims: {repository_id: "1296269"}, role: viewer}]

                            """)
                    try await sandbox.serve { daemon in
                        try await daemon.eventually("the pool is full") { try await daemon.isReady("a", 1) }
                        try await body(Scene(daemon: daemon, forge: forge, issuer: issuer))
                    }
                }
            }
        }
    }

    /// Returns the secrets that the file needs: an OIDC token that the forge gives the job, or a token of a viewer.
    private static func secrets(of file: String, _ scene: Scene) async throws -> [String: String] {
        switch file {
        case "gitlab.yaml":
            let answer = try await CIPeer.get(
                "\(scene.issuer)/token?api-version=2&audience=prewarm", token: "the-runner")
            return ["PREWARM_TOKEN": try #require(answer["value"]?.string)]
        case "gitea.yaml":
            for role in ["operator", "viewer"] {
                let made = try await scene.daemon.prewarm("token", "create", role, "--role", role, "-o", "json")
                if role == "viewer" { return ["PREWARM_TOKEN": try #require(try made.json()["token"]?.string)] }
            }
        default: break
        }
        return [:]
    }

    @Test(
        "A pull request gets one comment with the newest plan, and a merge ends when the pools match",
        arguments: ["github.yaml", "gitea.yaml", "gitlab.yaml"])
    func pullRequest(file: String) async throws {
        try await withScene { scene in
            let sandbox = scene.sandbox
            let secrets = try await Self.secrets(of: file, scene)
            try await sandbox.git("switch", "-q", "-c", "change")
            for (edits, instances) in [(0, 3), (1, 4)] {
                try await scene.propose(instances)
                let check = try await scene.run("check", of: file, secrets)
                #expect(check.code == 0, "\(check)")
                let comments = try await CIPeer.get("\(scene.forge)/comments").list
                #expect(comments.count == 2 && comments[0]["body"]?.string == "Looks good to me.")
                let body = comments.last?["body"]?.string ?? ""
                #expect(
                    body.hasPrefix("<!-- the plan of prewarm -->\n")
                        && body.contains("**Plan: \(instances - 1) to create"))
                #expect(comments.last?["edits"]?.int == edits, "\(body)")
            }
            try await sandbox.git("switch", "-q", "-f", "main")
            try await sandbox.git("merge", "-q", "change")
            let apply = try await scene.run("apply", of: file, secrets)
            #expect(apply.code == 0, "\(apply)")
            #expect(try await scene.daemon.isReady("a", 4))
        }
    }

    @Test(
        "A manifest with an error fails the check with its place, and gets no plan",
        arguments: [
            ("github.yaml", "::error file=presets/a.yaml,line=7,col="), ("gitea.yaml", "presets/a.yaml:7:"),
            ("gitlab.yaml", "presets/a.yaml:7:"),
        ])
    func error(file: String, place: String) async throws {
        try await withScene { scene in
            let secrets = try await Self.secrets(of: file, scene)
            try await scene.sandbox.commit(["a.yaml": Sandbox.preset("a", instances: -1)])
            let check = try await scene.run("check", of: file, secrets)
            #expect(check.code == 1 && (check.out + check.err).contains(place), "\(check)")
            #expect(try await CIPeer.get("\(scene.forge)/comments").list.count == 1)
            if file == "gitlab.yaml" {
                let report = String(decoding: scene.sandbox.bytes("repo/validate.xml") ?? Data(), as: UTF8.self)
                #expect(report.contains("failures=\"1\"") && report.contains("name=\"presets/a.yaml\""), "\(report)")
            }
        }
    }

    @Test("The files ask for the least rights that their steps need")
    func rights() async throws {
        let check = try await CIPeer.job("check", of: "github.yaml").about
        #expect(check["permissions"]?.keys == ["contents", "id-token", "pull-requests"])
        #expect(check["permissions"]?["contents"]?.string == "read")
        let apply = try await CIPeer.job("apply", of: "github.yaml").about
        #expect(apply["permissions"]?.keys == ["id-token"] && apply["when"]?.string == "github.event_name == 'push'")
        let gitlab = try await CIPeer.job("apply", of: "gitlab.yaml").about
        #expect(gitlab["id_tokens"]?["PREWARM_TOKEN"]?["aud"]?.string == "prewarm")
    }

    // MARK: Hooks

    @Test("The git hook checks the index and refuses a commit with an error")
    func hook() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let hook = try String(contentsOf: CIPeer.examples.appending(path: "pre-commit"), encoding: .utf8)
        try sandbox.write("repo/.git/hooks/pre-commit", hook, isExecutable: true)
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: -1))
        let commit = "git -c user.name=Ada -c user.email=ada@example.org -c commit.gpgsign=false commit -qm change"
        let refused = try await sandbox.shell("git add . && \(commit)", [:])
        #expect(refused.code != 0 && refused.err.contains("presets/a.yaml:7:"), "\(refused)")
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: 2))
        // The error is in the index still.
        #expect(try await sandbox.shell(commit, [:]).code != 0)
        let good = try await sandbox.shell("git add . && \(commit)", [:])
        #expect(good.code == 0, "\(good)")
    }

    @Test("The hook for pre-commit runs a command that finds an error")
    func preCommit() async throws {
        let file = CIPeer.examples.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: ".pre-commit-hooks.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        let entry = try #require(text.firstMatch(of: /\n  entry: (.+)\n  args: \["(.+)"\]\n/))
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let command = "\(entry.output.1) \(entry.output.2)"
        #expect(try await sandbox.shell(command, [:]).code == 0)
        try sandbox.write("repo/presets/a.yaml", Sandbox.preset("a", instances: -1))
        #expect(try await sandbox.shell(command, [:]).code == 1)
    }
}

extension Sandbox {
    /// Runs a script in the repository, as a runner does, with the prewarm of this build in PATH.
    fileprivate func shell(_ script: String, _ variables: [String: String]) async throws -> Result {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let own: [Environment.Key: String?] = [
            "PATH": "\(Self.binary.removingLastComponent().string):\(path)", "NO_COLOR": "1", "PREWARM_CONFIG": nil,
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
        ]
        let given = Dictionary(
            uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0.key), String?.some($0.value)) })
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-e", "-c", script], environment: .inherit.updating(own).updating(given),
            workingDirectory: FilePath("\(root.path)/repo"), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        guard case .exited(let code) = result.terminationStatus else { throw SandboxError(message: "bash crashed") }
        return Result(code: code, out: result.standardOutput, err: result.standardError)
    }
}
