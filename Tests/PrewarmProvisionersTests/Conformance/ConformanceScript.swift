import Foundation
import PrewarmCore
import PrewarmEngine
import Synchronization
import Testing

@testable import PrewarmProvisioners

/// A script that conforms to the protocol. Each test breaks one of its lines.
enum ConformanceScript {
    static let good = #"""
        set -eu
        id=${PREWARM_WORKSPACE_ID:-}
        folder=$PWD/workspaces/$id
        fail() { echo "$1" >&2; exit 1; }
        if [ "$1" != list ]; then cat >"$PWD/$1.request"; fi
        case $1 in
        create)
            if [ "${PREWARM_PARAM_SIZE:-}" = huge ]; then
                mkdir -p "$folder"
                echo '{"error": {"class": "invalid", "message": "there is no size huge"}}'
                exit 1
            fi
            if ! [ -d "$folder" ]; then
                mkdir -p "$folder.new"
                sleep 3
                echo "$PREWARM_STORE" >"$folder.new/store"
                mv "$folder.new" "$folder"
            fi
            echo "{\"endpoint\": \"dir:$id\"}"
            ;;
        delete)
            rm -rf "$folder" "$folder.new"
            ;;
        inspect)
            if [ -d "$folder" ]; then echo '{"state": "ready"}'; else echo '{"state": "lost"}'; fi
            ;;
        claim)
            [ "$PREWARM_OWNER" = ada ] || fail "the owner is $PREWARM_OWNER"
            [ "$PREWARM_CLAIM_BRANCH" = main ] || fail "the branch is $PREWARM_CLAIM_BRANCH"
            if ! [ -e "$folder/password" ]; then
                [ "${PREWARM_CLAIM_KEY:-}" = s3cret ] || fail "the key is missing"
                echo "password-$$" >"$folder/password"
            fi
            echo "{\"credentials\": {\"password\": \"$(cat "$folder/password")\"}}"
            ;;
        list)
            separator=
            printf '{"workspaces": ['
            for folder in "$PWD"/workspaces/*; do
                [ -e "$folder/store" ] || continue
                printf '%s{"id": "%s", "state": "ready", "store": "%s"}' \
                    "$separator" "${folder##*/}" "$(cat "$folder/store")"
                separator=', '
            done
            echo ']}'
            ;;
        esac
        """#

    /// Returns the script with one text replaced by another.
    static func replacing(_ text: String, by other: String) -> String {
        let script = good.replacing(text, with: other)
        if script == good { Issue.record("the script does not contain \(text)") }
        return script
    }
}

extension Workshop {
    static let subject: ConformanceSubject = {
        func spec(_ size: String) -> WorkspaceSpec {
            WorkspaceSpec(
                template: "go", version: "1.0", provisioner: "local", parameters: ["size": .string(size)])
        }
        return ConformanceSubject(
            preset: PresetKey(source: "presets", name: "go"), spec: spec("small"), invalid: spec("huge"),
            claim: .success(ClaimValues(plain: ["branch": .string("main")], secrets: ["key": "s3cret"])), owner: "ada",
            store: String(repeating: "0123456789abcdef", count: 2))
    }()

    /// Returns a test of a script, and the findings that it adds while it runs.
    func conformance(
        _ script: String, operations: Set<ProvisionerOperation> = Set(ProvisionerOperation.allCases),
        grace: Duration = .seconds(60), timeout: Duration = .seconds(240)
    ) throws -> (test: ConformanceTest, findings: Box<[ConformanceFinding]>) {
        let calls = CommandCalls()
        var settings = try provisioner(script, timeout: timeout, grace: grace).settings
        settings.operations = operations
        let findings = Box<[ConformanceFinding]>([])
        var generator = SystemRandomNumberGenerator()
        let test = ConformanceTest(
            CommandProvisioner(settings) { calls.add($0) }, Self.subject, calls: calls,
            identifiers: IdentifierFactory(now: Timestamp(seconds: 1_800_000_000), using: &generator),
            now: { Timestamp(seconds: 1_800_000_000) }
        ) { finding in findings.value += [finding] }
        return (test, findings)
    }

    /// Runs the test of a script to its end and cleans up.
    func findings(
        _ script: String, operations: Set<ProvisionerOperation> = Set(ProvisionerOperation.allCases),
        grace: Duration = .seconds(60), timeout: Duration = .seconds(240)
    ) async throws -> [ConformanceFinding] {
        let (test, findings) = try conformance(script, operations: operations, grace: grace, timeout: timeout)
        try await test.run()
        _ = await test.cleanUp()
        return findings.value
    }

    /// The names of the workspaces that the script has not deleted.
    var workspaces: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path + "/workspaces")) ?? []
    }
}
