import Foundation

/// A sandbox whose provisioner hands workspaces over. The claim parameter `act` decides what it does.
extension Sandbox {
    /// The value of the secret parameter in all tests of handovers.
    static let secret = "s3cret-5f1d7c2a9b"
    /// The beginning of the credentials; the id of the workspace follows.
    static let credential = "cred-77ab01ef-"

    static let handingOver = configuration.replacing(
        "operations: [create, delete]", with: "operations: [create, delete, claim]")

    private static let handoverProvisioner = #"""
        #!/bin/sh
        set -eu
        cat > /dev/null
        cd "$(dirname "$0")"
        mkdir -p instances
        id=$PREWARM_WORKSPACE_ID
        echo "$1 $id" >> ledger
        case $1 in
        create)
            mkdir -p "instances/$id"
            echo "{\"endpoint\": \"dir:$id\"}"
            ;;
        delete) rm -rf "instances/$id" ;;
        claim)
            answer="{\"credentials\": {\"password\": \"cred-77ab01ef-$id\"}}"
            if [ "${PREWARM_CLAIM_ACT:-}" = busy ]; then echo "busy with $PREWARM_CLAIM_TOKEN" >&2; exit 75; fi
            echo "for $PREWARM_OWNER with ${PREWARM_CLAIM_TOKEN:-nothing} and cred-77ab01ef-$id" >&2
            case ${PREWARM_CLAIM_ACT:-} in
            exit) echo "$answer"; echo "no such branch" >&2; exit 1 ;;
            hang) echo "$answer"; sleep 1000 ;;
            huge) echo "$answer"; head -c 3000000 /dev/zero | tr '\0' x ;;
            invalid) echo "{\"credentials\": {\"password\": \"cred-77ab01ef-$id\"" ; exit 0 ;;
            lie) echo "{\"state\": \"starting\", \"credentials\": {\"password\": \"cred-77ab01ef-$id\"}}"; exit 0 ;;
            first) [ -e failed ] || { touch failed; exit 1; } ;;
            slow) sleep 2 ;;
            brief) sleep 0.1 ;;
            esac
            echo "$PREWARM_OWNER" > "instances/$id/owner.new"
            mv "instances/$id/owner.new" "instances/$id/owner"
            echo "$answer"
            ;;
        esac
        """#

    /// Returns a template with claim parameters, and presets.
    /// - Parameter presets: The presets, each as its name, the number of instances and more keys.
    static func handover(
        timeout: String = "120s", onFailure: String = "replace", _ presets: [(String, Int, String)]
    ) -> String {
        let template = """
            apiVersion: prewarm/v1
            kind: Template
            metadata: {name: go}
            spec:
              activeVersion: "1.0"
              claim:
                parameters:
                  - {name: act, type: string, pattern: "^[a-z]*$", default: ""}
                  - {name: token, type: string, secret: true, required: true}
                timeout: \(timeout)
                onFailure: \(onFailure)

            """
        return presets.reduce(template) { $0 + "---\n" + preset($1.0, instances: $1.1, version: "1.0", $1.2) + "\n" }
    }

    static func handingOverSandbox(_ manifests: String, configuration: String = handingOver) async throws -> Sandbox {
        let sandbox = try await Sandbox(configuration: configuration)
        try sandbox.write("provision", handoverProvisioner, isExecutable: true)
        try sandbox.write("token", secret + "\n")
        try await sandbox.commit(["all.yaml": manifests])
        return sandbox
    }

    /// Claims a workspace by the command line.
    func claim(_ preset: String, act: String = "", _ more: [String] = []) async throws -> Result {
        try await prewarm(
            ["claim", preset, "--owner", "ada", "--param", "act=\(act)", "--secret-file", "token=token"] + more)
    }

    /// The names of files in the sandbox that contain a secret or a credential, apart from those that the test wrote.
    func leaks() -> [String] {
        let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0 != "token" && $0 != "provision" }.filter { name in
            guard let bytes = bytes(name) else { return false }
            return [Self.secret, Self.credential].contains { bytes.range(of: Data($0.utf8)) != nil }
        }
    }
}
