import PrewarmCore

extension Shape {
    static let configuration = Shape.object(
        ObjectShape(
            "the configuration",
            [
                .required("apiVersion", .version1, "prewarm/v1"),
                .required("kind", .kind("Config"), "Config"),
                .optional(
                    "store", .text(.text("sqlite:FILE", maximum: 1024)),
                    "sqlite:FILE, where the state is kept; sqlite:prewarm.db unless it is said"),
                .required("sources", .list(.object(.source), minimum: 1), "the repositories that hold manifests"),
                .required("provisioners", .list(.object(provisioner), minimum: 1), "what makes workspaces"),
                .optional("secrets", variables, "values for valueFrom in manifests, by name"),
                .optional("policy", .object(policy), "what is allowed, whatever the manifests ask for"),
                .optional("server", .object(server), "of the daemon"),
                .optional("notifications", .notifications, "who is told of what happens"),
            ]))

    private static let longText = Shape.text(.text("text", maximum: 4096))
    private static let variables = Shape.map(key: .variableName, value: .text(TextRule("text", maximumLength: 65_536)))

    private static let provisioner = ObjectShape(
        "the provisioner",
        [
            .required("name", .text(.name), "as templates name it"),
            .optional("default", .boolean, "true: for templates that name none"),
            .required(
                "command", .list(longText, minimum: 1),
                "run without a shell; the operation is added as the last argument"),
            .optional(
                "operations",
                .list(.text(.choice(["create", "delete", "list", "inspect", "start", "stop", "claim"])), minimum: 1),
                "what it can be asked for; create and delete unless it is said"),
            .optional("timeout", .duration(minimum: .seconds(1)), "of one operation; 10m unless it is said"),
            .optional("grace", .duration(minimum: .zero), "between SIGTERM and SIGKILL; 5s unless it is said"),
            .optional("concurrency", .integer(1...1000), "operations at once (default: 4)"),
            .optional(
                "reserve", .integer(0...999),
                "how many of these are only for claims that wait (default: 1, or 0 where concurrency is 1)"),
            .optional(
                "resync", .duration(minimum: .seconds(1)),
                "between two looks at what really exists, where it can list; 10m unless it is said"),
            .optional("workingDirectory", longText, "where it runs; the folder of this file unless it is said"),
            .optional("environment", variables, "variables that are set for it"),
            .optional(
                "inherit", .list(.text(.variableName), minimum: 0), "names of prewarm's own variables to hand on"),
            .optional("secrets", variables, "values for valueFrom in manifests, by name"),
        ])

    private static let policy = ObjectShape(
        "policy",
        [
            .optional(
                "deletionGuard",
                .object(
                    ObjectShape(
                        "deletionGuard",
                        [
                            .optional(
                                "percent", .integer(0...100),
                                "hold a revision that removes more than this share; 50 unless it is said"),
                            .optional("above", .integer(0...1_000_000), "and more than this many; 5 unless it is said"),
                            .optional(
                                "window", .duration(minimum: .zero),
                                "what earlier revisions removed in it counts, too; 1h unless it is said"),
                        ])), "holds deletions of a revision that removes too much"),
            .optional(
                "limits",
                .object(
                    ObjectShape(
                        "limits",
                        [
                            .optional("instancesPerPreset", .integer(0...1_000_000), "claimed ones included"),
                            .optional("instancesPerSource", .integer(0...1_000_000), "claimed ones included"),
                            .optional("instances", .integer(0...1_000_000), "in all, claimed ones included"),
                            .optional("actionsPerTurn", .integer(1...1_000_000), "creates and deletes of one turn"),
                            .optional(
                                "presetsPerSource", .integer(1...1_000_000),
                                "presets that the manifests of one source may define (default: 10000)"),
                        ])), "no limit by default, except for presetsPerSource"),
            .optional(
                "orphans", .text(.choice(["report", "delete"])),
                "what is done about workspaces that a provisioner lists and nobody knows; report unless it is said"),
        ])

    private static let server = ObjectShape(
        "server",
        [
            .optional("listen", longText, "host:port; 127.0.0.1:7430 unless it is said"),
            .optional(
                "instance", .text(.name),
                "this prewarm among others that tell the same receivers; main unless it is said"),
            .optional("metrics", .metrics, "of /metrics"),
        ] + ObjectShape.accessKeys)
}
