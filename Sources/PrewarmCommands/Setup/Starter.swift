import PrewarmManifests

/// What `prewarm init` writes.
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

    /// - Parameter directory: as the user named it.
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
                  prewarm claim go-small --owner you

                """
    }

    private static let configuration = """
        # yaml-language-server: $schema=schemas/config.json
        apiVersion: prewarm/v1
        kind: Config
        store: sqlite:prewarm.db
        sources:
          - name: presets
            # The folder of this file, as a local repository: what is committed counts. Later https:// or ssh://.
            url: .
            ref: {branch: main}
            path: presets
            interval: 1m
        provisioners:
          - name: local
            default: true
            command: [./provision]
            operations: [create, delete, list, inspect]
            timeout: 10m
            concurrency: 4
        policy:
          deletionGuard: {percent: 50, above: 5}
          limits: {instancesPerPreset: 100, instances: 1000}

        """

    private static let template = """
        # yaml-language-server: $schema=../schemas/template.json
        # What workspaces are made of. Presets that name no version follow `activeVersion`: change it, and their
        # workspaces are replaced, a few at a time.
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

        """

    private static let small = """
        # yaml-language-server: $schema=../schemas/preset.json
        # A pool: two workspaces are ready to be claimed, at any time.
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
        # One at night and at the weekend, three in office hours.
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
          schedule:
            timezone: Europe/Berlin
            windows:
              - {cron: "* 8-18 * * 1-5", instances: 3}
          strategy: {type: RollingUpdate, maxSurge: 1, maxUnavailable: 0}

        """

    /// In POSIX sh. It must do for folders of any name, so its answers are quoted for JSON.
    private static let provision = #"""
        #!/bin/sh
        # Makes workspaces for prewarm: here each is a folder with a note in it. Put what yours are made of in its place.
        #
        # prewarm runs `./provision create|delete|inspect|list` in this folder. What it asks for is in PREWARM_* variables,
        # and as one JSON object on standard input. The answer is one JSON object on standard output; standard error is
        # the log. Exit 0: done; 75: try again later; anything else: failed.
        #
        # prewarm asks again where it can't know how the first time ended. So `create` of a workspace that exists, and
        # `delete` of one that does not, succeed.
        set -eu

        # A string for JSON.
        quote() {
            printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
        }

        root=$PWD/workspaces
        id=${PREWARM_WORKSPACE_ID:-}
        folder=$root/$id

        case $1 in
        create)
            if [ ! -d "$folder" ]; then
                # Made under another name: if we are killed half-way, nobody takes it for a workspace.
                rm -rf "$root/.making-$id"
                mkdir -p "$root/.making-$id"
                echo "$PREWARM_WORKSPACE_NAME: $PREWARM_TEMPLATE $PREWARM_VERSION with ${PREWARM_PARAM_CPU:-1} CPUs" \
                    >"$root/.making-$id/NOTE"
                mv "$root/.making-$id" "$folder"
                echo "made $folder" >&2
            fi
            printf '{"state": "ready", "endpoint": %s, "metadata": {"path": %s}}\n' \
                "$(quote "file://$folder")" "$(quote "$folder")"
            ;;
        delete)
            rm -rf "$root/.making-$id" "${folder:?}"
            echo '{"state": "gone"}'
            ;;
        inspect)
            if [ -d "$folder" ]; then echo '{"state": "ready"}'; else echo '{"state": "lost"}'; fi
            ;;
        list)
            separator=
            printf '{"workspaces": ['
            for folder in "$root"/*/; do
                [ -d "$folder" ] || continue
                printf '%s{"id": %s, "state": "ready"}' "$separator" "$(quote "$(basename "$folder")")"
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
        # Pools of warm workspaces

        `presets/` says which pools there are and how large they are; prewarm makes it so. `prewarm.yaml` is the
        configuration, `provision` makes and removes a workspace, `schemas/` lets editors check what is written.

            prewarm validate                        # before a commit
            prewarm plan                            # what a sync would do, and why
            prewarm sync --wait                     # pull what is committed, and make the pools match
            prewarm status
            prewarm claim go-small --owner you
            prewarm release WORKSPACE

        """

    private static let gitignore = """
        prewarm.db*
        prewarm.mirrors/
        workspaces/

        """
}
