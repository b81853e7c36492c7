import PrewarmCore

extension Shape {
    static let configuration = Shape.object(
        ObjectShape(
            "configuration",
            [
                .required("apiVersion", .version1, "The version of the configuration format."),
                .required("kind", .kind("Config"), "The kind of the document."),
                .optional(
                    "store", .text(.text("sqlite:FILE or postgres://HOST/DATABASE", maximum: 1024)),
                    """
                    The store of the state: sqlite:FILE, with a path relative to the folder of this file, or the URL of a \
                    PostgreSQL database as libpq reads it, for example postgres://db.example.org/prewarm.
                    """,
                    default: .text(Configuration.standardStore)),
                .required(
                    "sources", .list(.object(.source), minimum: 1), "The git repositories that hold manifests."),
                .required(
                    "provisioners", .list(.object(provisioner), minimum: 1),
                    "The programs that create and delete workspaces."),
                .optional(
                    "secrets", variables,
                    "Secrets by name, for `valueFrom` in manifests. Those of a provisioner take precedence."),
                .optional("policy", .object(policy), "Limits that apply to all manifests."),
                .optional("server", .object(server), "The settings of the HTTP server of `prewarm serve`."),
                .optional("notifications", .notifications, "The receivers of notifications."),
            ]))

    private static let longText = Shape.text(.text("text", maximum: 4096))
    private static let variables = Shape.map(key: .variableName, value: .text(TextRule("text", maximumLength: 65_536)))

    private static let provisioner = ObjectShape(
        "provisioner",
        rule: .all(
            [.exactlyOne(["command", "container", "kubernetes"]), .needs("grace", ["command", "container"])]
                + ["operations", "workingDirectory", "environment", "inherit"].map { .needs($0, ["command"]) }),
        [
            .required("name", .text(.name), "The name of the provisioner, which templates refer to."),
            .optional(
                "default", .boolean,
                """
                If true, the provisioner serves templates that name no provisioner. \
                The only provisioner of a configuration is always the default.
                """,
                default: .boolean(false)),
            .optional(
                "command", .list(longText, minimum: 1),
                """
                The program and its arguments. \
                prewarm runs it without a shell and appends the name of the operation.
                """),
            .optional(
                "container", .object(.container),
                "The container that prewarm creates for each workspace by the API of Docker or Podman."),
            .optional(
                "kubernetes", .object(.kubernetes),
                "The Kubernetes objects that prewarm applies for each workspace."),
            .optional(
                "operations",
                .list(.text(.choice(["create", "delete", "list", "inspect", "claim"])), minimum: 1),
                "The operations that the program supports. They have to include create and delete.",
                default: .list(Configuration.Provisioner.standardOperations)),
            .optional(
                "timeout", .duration(minimum: .seconds(1)), "The maximum duration of an operation.",
                default: .duration(Configuration.Provisioner.standardTimeout)),
            .optional(
                "grace", .duration(minimum: .zero),
                "The time between SIGTERM and SIGKILL if prewarm ends the program, or deletes a running container.",
                default: .duration(Configuration.Provisioner.standardGrace)),
            .optional(
                "concurrency", .integer(1...1000), "The number of operations that may run at the same time.",
                default: .integer(Configuration.Provisioner.standardConcurrency)),
            .optional(
                "reserve", .integer(0...999),
                """
                The number of concurrent operations that are reserved for waiting claims. \
                It has to be less than concurrency (default: 1, or 0 if concurrency is 1).
                """),
            .optional(
                "resync", .duration(minimum: .seconds(1)),
                """
                The interval at which prewarm compares its state with the workspaces that the provisioner lists. \
                It has no effect if operations do not include list.
                """,
                default: .duration(Policy.standardResync)),
            .optional(
                "workingDirectory", longText,
                "The working directory of the program (default: the folder of this file)."),
            .optional("environment", variables, "Environment variables that prewarm sets for the program."),
            .optional(
                "inherit", .list(.text(.variableName), minimum: 0),
                """
                The names of environment variables that prewarm passes on. \
                PATH, HOME, USER, LANG and other basic variables are always passed on.
                """,
                default: .list([])),
            .optional(
                "secrets", variables, "Secrets by name, for `valueFrom` in manifests that use this provisioner."),
        ])

    private static let policy = ObjectShape(
        "policy",
        [
            .optional(
                "deletionGuard", .object(deletionGuard),
                "The deletion guard holds a revision that removes too many workspaces until someone approves it."),
            .optional("limits", .object(limits), "Limits on workspaces, actions, presets and waiting claims."),
            .optional("owners", .owners, "Limits on what one owner may hold (default: no limit on workspaces)."),
            .optional(
                "orphans", .text(.choice(["report", "delete"])),
                "What to do with orphans: workspaces that a provisioner lists and the store does not know.",
                default: .text("report")),
        ])

    private static let deletionGuard = ObjectShape(
        "deletionGuard",
        [
            .optional(
                "percent", .integer(0...100),
                """
                The share of a source's unclaimed workspaces that a revision may remove, in percent. \
                With 100, the guard holds a revision only if it removes all presets.
                """,
                default: .integer(Policy.DeletionGuard().percent)),
            .optional(
                "above", .integer(0...1_000_000),
                "A revision that removes at most this number of workspaces is not held because of its share.",
                default: .integer(Policy.DeletionGuard().above)),
            .optional(
                "window", .duration(minimum: .zero),
                "The time during which removals of earlier revisions count, too.",
                default: .duration(Policy.DeletionGuard().window)),
        ])

    private static let limits = ObjectShape(
        "limits",
        [
            .optional(
                "instancesPerPreset", .integer(0...1_000_000),
                "The maximum number of workspaces of a preset, including claimed ones (default: no limit)."),
            .optional(
                "instancesPerSource", .integer(0...1_000_000),
                "The maximum number of workspaces of a source, including claimed ones (default: no limit)."),
            .optional(
                "instances", .integer(0...1_000_000),
                "The maximum number of all workspaces, including claimed ones (default: no limit)."),
            .optional(
                "actionsPerTurn", .integer(1...1_000_000),
                "The maximum number of creates and deletes in one reconciliation (default: no limit)."),
            .optional(
                "presetsPerSource", .integer(1...1_000_000),
                "The maximum number of presets that the manifests of a source may define.",
                default: .integer(Policy.Limits.standardPresetsPerSource)),
            .optional(
                "waitingClaims", .integer(0...100_000),
                "The maximum number of claims of all owners that may wait for a workspace at the same time.",
                default: .integer(Policy.Limits.standardWaitingClaims)),
        ])

    private static let server = ObjectShape(
        "server",
        [
            .optional(
                "listen", longText, "The address of the HTTP server in the form host:port.",
                default: .text(Configuration.standardListen)),
            .optional(
                "instance", .text(.name),
                "The name of this prewarm in notifications. It has to be unique among those with the same receivers.",
                default: .text(Configuration.standardInstance)),
            .optional("metrics", .metrics, "The settings of /metrics."),
        ] + ObjectShape.accessKeys)
}
