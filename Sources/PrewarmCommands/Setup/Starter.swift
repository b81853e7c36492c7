import PrewarmManifests

/// The files that `prewarm init` writes.
enum Starter {
    struct File {
        var path: String
        var text: String
        var isExecutable = false
    }

    static let files = [
        File(path: "prewarm.yaml", text: configuration),
        File(path: "presets/template.yaml", text: template),
        File(path: "presets/go-small.yaml", text: small),
        File(path: "presets/go-large.yaml", text: large),
        File(path: "provision", text: provision, isExecutable: true),
        File(path: "schemas/preset.json", text: SchemaGenerator.schema(.preset)),
        File(path: "schemas/template.json", text: SchemaGenerator.schema(.template)),
        File(path: "schemas/config.json", text: SchemaGenerator.schema(.config)),
        File(path: "README.md", text: readme),
        File(path: ".gitignore", text: gitignore),
    ]

    /// Returns the text about the next steps.
    /// - Parameter directory: the folder in the words of the user.
    static func nextSteps(directory: String) -> String {
        let isHere = directory == "." || directory == "./"
        let plain = directory.allSatisfy { $0.isLetter || $0.isNumber || "/._-~".contains($0) }
        let quoted = plain ? directory : "'" + directory.replacing("'", with: "'\\''") + "'"
        return """

            Next:

            """ + (isHere ? "" : "  cd \(quoted)\n") + """
                  git init -b main && git add . && git commit -m "Add the first pools"
                  prewarm plan
                  prewarm sync --wait
                  prewarm claim go-small --owner ada

                """
    }

    private static let configuration = """
        # yaml-language-server: $schema=schemas/config.json
        apiVersion: prewarm/v1
        kind: Config
        store: sqlite:prewarm.db
        sources:
          - name: presets
            # This folder as a local repository; prewarm reads its commits. Use https:// or ssh:// later.
            url: .
            ref: {branch: main}
            path: presets
            interval: 1m
        provisioners:
          - name: local
            default: true
            command: [./provision]
            operations: [create, delete, list, inspect, claim]
            timeout: 10m
            concurrency: 4
        policy:
          deletionGuard: {percent: 50, above: 5}
          limits: {instancesPerPreset: 100, instances: 1000}

        """

    private static let template = """
        # yaml-language-server: $schema=../schemas/template.json
        # The definition of workspaces. If you change `activeVersion`, prewarm replaces the workspaces of presets without
        # a version of their own, a few at a time.
        apiVersion: prewarm/v1
        kind: Template
        metadata:
          name: go-dev
        spec:
          provisioner: local
          activeVersion: 1.0.0
          parameters:
            - {name: cpu, type: number, minimum: 1, maximum: 64, required: true}
            - {name: region, type: string, enum: [eu-west-1, us-east-1], default: eu-west-1}
          # What a claim may set, for example `prewarm claim go-small --owner ada --param sshKey="$(cat key.pub)"`.
          claim:
            parameters:
              - {name: sshKey, type: string, pattern: "^ssh-"}

        """

    private static let small = """
        # yaml-language-server: $schema=../schemas/preset.json
        # A pool of two workspaces that are always ready to be claimed.
        apiVersion: prewarm/v1
        kind: Preset
        metadata:
          name: go-small
        spec:
          template: go-dev
          parameters:
            cpu: 2
          instances: 2
          ttl: 24h

        """

    private static let large = """
        # yaml-language-server: $schema=../schemas/preset.json
        # A pool of one workspace with more CPUs. With the schedule, it would have three workspaces in office hours.
        apiVersion: prewarm/v1
        kind: Preset
        metadata:
          name: go-large
        spec:
          template: go-dev
          parameters:
            cpu: 8
            region: us-east-1
          instances: 1
          # schedule:
          #   timezone: Europe/Berlin
          #   windows:
          #     - {cron: "* 8-18 * * 1-5", instances: 3}
          strategy: {type: RollingUpdate, maxSurge: 1, maxUnavailable: 0}

        """

    /// A provisioner in POSIX sh. It quotes its answers for JSON, so that it works in a folder of any name.
    private static let provision = #"""
        #!/bin/sh
        # Creates workspaces for prewarm. Here each workspace is a folder with a note. Replace this with your own workspaces.
        #
        # prewarm runs `./provision create|delete|inspect|list|claim` in this folder. The request is in PREWARM_* variables, and
        # in one JSON object on standard input. The answer is one JSON object on standard output. Standard error is the
        # log. Exit code 0 means done, 75 means try again later, and any other code means failed.
        #
        # After a crash, prewarm may run an operation again. So `create` of a workspace that exists has to succeed, and so
        # has `delete` of a workspace that does not exist, and another `claim` of the same owner.
        set -eu

        # Prints a text as a JSON string.
        quote() {
            printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
        }

        root=$PWD/workspaces
        id=${PREWARM_WORKSPACE_ID:-}
        folder=$root/$id

        case $1 in
        create)
            if [ ! -d "$folder" ]; then
                # The folder gets its name last. If the script is killed before, the workspace does not exist yet.
                rm -rf "$root/.making-$id"
                mkdir -p "$root/.making-$id"
                echo "$PREWARM_WORKSPACE_NAME: $PREWARM_TEMPLATE $PREWARM_VERSION with ${PREWARM_PARAM_CPU:-1} CPUs" \
                    >"$root/.making-$id/NOTE"
                # The identity of the store, so that `list` can say which prewarm a workspace belongs to.
                echo "${PREWARM_STORE:-}" >"$root/.making-$id/STORE"
                mv "$root/.making-$id" "$folder"
                echo "created $folder" >&2
            fi
            printf '{"state": "ready", "endpoint": %s, "metadata": {"path": %s}}\n' \
                "$(quote "file://$folder")" "$(quote "$folder")"
            ;;
        delete)
            rm -rf "$root/.making-$id" "${folder:?}"
            echo '{"state": "gone"}'
            ;;
        claim)
            # The workspace belongs to its owner from now on.
            echo "$PREWARM_OWNER" >"$folder/OWNER"
            if [ -n "${PREWARM_CLAIM_SSHKEY:-}" ]; then echo "$PREWARM_CLAIM_SSHKEY" >"$folder/authorized_keys"; fi
            echo '{"state": "ready"}'
            ;;
        inspect)
            if [ -d "$folder" ]; then echo '{"state": "ready"}'; else echo '{"state": "lost"}'; fi
            ;;
        list)
            separator=
            printf '{"workspaces": ['
            for folder in "$root"/*/; do
                [ -d "$folder" ] || continue
                store=
                if [ -s "$folder/STORE" ]; then store=", \"store\": $(quote "$(cat "$folder/STORE")")"; fi
                printf '%s{"id": %s, "state": "ready"%s}' "$separator" "$(quote "$(basename "$folder")")" "$store"
                separator=', '
            done
            echo ']}'
            ;;
        *)
            echo "unknown operation: $1" >&2
            exit 1
            ;;
        esac

        """#

    private static let readme = """
        # Pools of ready workspaces

        `presets/` defines the pools, and prewarm keeps them at their size. `prewarm.yaml` is the configuration.
        `provision` creates and deletes workspaces. With `schemas/`, editors check manifests as you type.

            prewarm validate                        # check the manifests before a commit
            prewarm plan                            # show what a sync would do, and why
            prewarm sync --wait                     # create and delete workspaces to match the last commit
            prewarm status
            prewarm claim go-small --owner ada
            prewarm release WORKSPACE

        """

    private static let gitignore = """
        prewarm.db*
        prewarm.mirrors/
        workspaces/

        """
}
