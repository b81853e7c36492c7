import Foundation

extension Sandbox {
    /// One of ``configuration``'s, with more below the source, more operations of the provisioner and more at the end.
    static func configuration(
        source: String = "", operations: String = "create, delete", policy: String = ""
    ) -> String {
        configuration.replacing("    path: presets", with: "    path: presets\n" + source)
            .replacing("[create, delete]", with: "[\(operations)]") + policy
    }

    /// What exists can be listed and inspected; files beside it change how it behaves: `starting`, and
    /// `create-exit`, `delete-exit` and `list-exit` with a code. Each line of the ledger ends with how many instances there are then.
    static let observableProvisioner = #"""
        #!/bin/sh
        set -eu
        cat > /dev/null
        cd "$(dirname "$0")"
        mkdir -p instances
        note() { echo "$1 ${PREWARM_WORKSPACE_ID:-} ${PREWARM_VERSION:-} $(ls instances | wc -l)" >> ledger; }
        state=ready
        [ ! -e starting ] || state=starting
        case $1 in
        create)
            [ ! -e create-exit ] || { note failed; echo "no space left" >&2; exit "$(cat create-exit)"; }
            mkdir -p "instances/$PREWARM_WORKSPACE_ID"
            note create
            echo "{\"state\": \"$state\"}"
            ;;
        delete)
            [ ! -e delete-exit ] || { note failed; echo "it is in use" >&2; exit "$(cat delete-exit)"; }
            rm -rf "instances/$PREWARM_WORKSPACE_ID"
            note delete
            ;;
        inspect)
            [ -e "instances/$PREWARM_WORKSPACE_ID" ] || state=lost
            echo "{\"state\": \"$state\"}"
            ;;
        list)
            [ ! -e list-exit ] || { echo "the cloud is away" >&2; exit "$(cat list-exit)"; }
            printf '{"workspaces": ['
            comma=
            for id in $(ls instances); do
                printf '%s{"id": "%s", "state": "ready"}' "$comma" "$id"
                comma=,
            done
            echo ']}'
            ;;
        esac
        """#

    static func observable(source: String = "", policy: String = "") async throws -> Sandbox {
        let sandbox = try await Sandbox(
            configuration: configuration(source: source, operations: "create, delete, list, inspect", policy: policy))
        try sandbox.write("provision", observableProvisioner, isExecutable: true)
        return sandbox
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(at: root.appending(path: path)) }

    /// The commit that the branch is at.
    func head() async throws -> String {
        try await git("rev-parse", "HEAD").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func preset(_ name: String) async throws -> JSON {
        try await prewarm("get", "presets", name, "-o", "json").json()
    }

    /// How many of the ledger's lines begin with the word.
    func calls(_ operation: String) -> Int { ledger.count { $0.hasPrefix(operation + " ") } }

    /// The counts at the end of the ledger's lines.
    var sizes: [Int] { ledger.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } } }
}

extension JSON {
    /// The condition of that type, of a preset or a source.
    func condition(_ type: String) -> JSON? { self["conditions"]?.list.first { $0["type"]?.string == type } }
}
