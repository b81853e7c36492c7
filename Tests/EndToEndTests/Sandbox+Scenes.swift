import Foundation

extension Sandbox {
    /// Returns ``configuration`` with more lines for the source, other operations of the provisioner, and more at the end.
    static func configuration(
        source: String = "", operations: String = "create, delete", policy: String = ""
    ) -> String {
        configuration.replacing("    path: presets", with: "    path: presets\n" + source)
            .replacing("[create, delete]", with: "[\(operations)]") + policy
    }

    /// A provisioner with `list` and `inspect`. Files beside it change its behavior: `starting` makes new workspaces start
    /// slowly, and `create-exit`, `delete-exit` and `list-exit` have exit codes. Each line of the ledger ends with the
    /// number of instances at that time.
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

    /// Returns the newest commit of the branch.
    func head() async throws -> String {
        try await git("rev-parse", "HEAD").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func preset(_ name: String) async throws -> JSON {
        try await prewarm("get", "presets", name, "-o", "json").json()
    }

    /// Returns the number of calls of an operation.
    func calls(_ operation: String) -> Int { ledger.count { $0.hasPrefix(operation + " ") } }

    /// The numbers of instances at the ends of the ledger's lines.
    var sizes: [Int] { ledger.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } } }
}

extension JSON {
    /// Returns the condition of a type from a preset or a source; nil if it is absent.
    func condition(_ type: String) -> JSON? { self["conditions"]?.list.first { $0["type"]?.string == type } }
}
