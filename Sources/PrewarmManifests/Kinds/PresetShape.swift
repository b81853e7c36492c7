import PrewarmCore

extension Shape {
    static let preset = Shape.object(
        ObjectShape(
            "preset",
            [
                .required("apiVersion", .version1, "The version of the manifest format."),
                .required("kind", .kind("Preset"), "The kind of the manifest."),
                .required("metadata", .metadata, "The name, the labels and the annotations of the preset."),
                .required("spec", .object(presetSpec), "The definition of the pool."),
            ]))

    private static let presetSpec = ObjectShape(
        "spec",
        [
            .required("template", .text(.name), "The name of the template from which the workspaces are created."),
            .optional(
                "version", .text(.version),
                """
                The version of the template (default: the activeVersion of the template). \
                It is required if the template has no activeVersion.
                """),
            .optional(
                "parameters", .map(key: .parameterName, value: parameter),
                """
                The values of the template's parameters. \
                If the template has rules, the values are checked against them.
                """
            ),
            .required("instances", .integer(0...10_000), "The number of workspaces that should be ready."),
            .optional(
                "ttl", .duration(minimum: .seconds(60)),
                """
                The time after which an unclaimed workspace expires, for example 24h. \
                It counts from the moment at which the workspace became ready (default: no limit).
                """),
            .optional(
                "schedule", .object(schedule),
                "Time windows with other numbers of workspaces. Outside of the windows, `instances` applies."),
            .optional(
                "strategy", .object(strategy), "How prewarm replaces outdated, expired and unhealthy workspaces."),
            .optional(
                "lease", .lease, "The time after which a claim ends without a renewal (default: claims do not end)."),
            .optional(
                "failureLimit", .integer(1...1000),
                "The number of failed builds in a row after which the preset is stalled.",
                default: .integer(Preset.standardFailureLimit)),
            .optional(
                "onEmpty", .text(.choice(["refuse", "create"])),
                """
                What happens to a claim if no workspace is ready. `refuse` rejects the claim. \
                `create` creates a workspace for the claim.
                """,
                default: .text(PoolOptions().onEmpty.rawValue)),
            .optional(
                "priority", .integer(-1000...1000),
                "The priority of the pool. If a limit is reached, pools with a higher priority are filled first.",
                default: .integer(PoolOptions().priority)),
            .optional(
                "keepFailed", .integer(0...100),
                "The number of failed workspaces, the most recent ones, that prewarm keeps for inspection.",
                default: .integer(PoolOptions().keepFailed)),
            .optional(
                "deletionPolicy", .text(.choice(["Delete", "Confirm", "Retain"])),
                """
                What happens to unclaimed workspaces if the preset is removed, deprecated or inactive. \
                `Delete` deletes them. `Confirm` deletes them after an approval. `Retain` keeps them.
                """,
                default: .text(PoolOptions().deletionPolicy.rawValue)),
            .optional(
                "mode", .text(.choice(["reconcile", "observe"])),
                "Whether prewarm carries out its plans for the pool (`reconcile`) or only shows them (`observe`).",
                default: .text(PoolOptions().mode.rawValue)),
            .optional(
                "deprecated", .deprecatedPreset,
                """
                If this is true or a mapping, prewarm scales the pool to zero. \
                It refuses new claims, or redirects them to the replacement.
                """,
                default: .boolean(false)),
            .optional(
                "suspended", .boolean,
                "If true, prewarm creates and deletes no workspaces of the pool. Users can still claim workspaces.",
                default: .boolean(false)),
        ])

    private static let parameter = Shape.either([
        .scalar,
        .object(
            ObjectShape(
                "parameter",
                [
                    .required(
                        "valueFrom",
                        .object(
                            ObjectShape(
                                "valueFrom",
                                [
                                    .required(
                                        "secret", .text(.variableName), "The name of a secret in the configuration.")
                                ])), "The place from which prewarm takes the value.")
                ])),
    ])

    private static let schedule = ObjectShape(
        "schedule",
        [
            .required(
                "timezone", .text(.timezone), "The IANA name of the time zone, for example Europe/Berlin."),
            .required(
                "windows", .list(.object(window), minimum: 1, maximum: 100),
                "The windows. The first window that covers the current minute applies."),
        ])

    private static let window = ObjectShape(
        "window",
        [
            .required(
                "cron", .text(.cron),
                "The minutes that the window covers, as five fields of cron, for example \"* 8-18 * * 1-5\"."),
            .required(
                "instances", .integer(0...10_000), "The number of workspaces that should be ready in the window."),
        ])

    private static let strategy = ObjectShape(
        "strategy", rule: .notBothZero("maxSurge", "maxUnavailable"),
        [
            .optional(
                "type", .text(.choice(["RollingUpdate", "Recreate"])),
                """
                `RollingUpdate` replaces workspaces step by step, so that enough of them stay claimable. \
                `Recreate` deletes all outdated workspaces before it creates new ones.
                """,
                default: .text("RollingUpdate")),
            .optional(
                "maxSurge", .either([.integer(0...10_000), .text(.percentage)]),
                """
                The number or percentage of workspaces that may exist above the desired number. \
                A percentage is rounded up.
                """,
                default: .text(IntOrPercent.standardBound.description)),
            .optional(
                "maxUnavailable", .either([.integer(0...10_000), .text(.percentage)]),
                """
                The number or percentage of desired workspaces that may be missing during a replacement. \
                A percentage is rounded down.
                """,
                default: .text(IntOrPercent.standardBound.description)),
            .optional(
                "canary", .integer(0...10_000),
                """
                The number of workspaces of a new definition that prewarm creates at once until the first is ready. \
                0 means no limit.
                """,
                default: .integer(PoolOptions().canary)),
        ])

    static let template = Shape.object(
        ObjectShape(
            "template",
            [
                .required("apiVersion", .version1, "The version of the manifest format."),
                .required("kind", .kind("Template"), "The kind of the manifest."),
                .required("metadata", .metadata, "The name, the labels and the annotations of the template."),
                .required("spec", .object(templateSpec), "The definition of the template."),
            ]))

    private static let templateSpec = ObjectShape(
        "spec",
        [
            .optional(
                "provisioner", .text(.name),
                "The name of a provisioner in the configuration (default: the default provisioner)."),
            .optional(
                "activeVersion", .text(.version),
                "The version that is in use. prewarm scales presets with another version to zero."),
            .optional(
                "parameters", .list(templateRule, minimum: 0),
                "Rules for the parameters of presets (default: any parameters are allowed)."),
            .optional(
                "readyTimeout", .duration(minimum: .seconds(1)),
                "The time after which a starting workspace counts as failed, for example 15m (default: no limit)."),
            .optional(
                "claim", .object(claim),
                """
                The handover of a workspace to the owner who claims it. \
                The provisioner of the template has to offer the operation claim.
                """),
            .optional(
                "health", .object(health),
                """
                Checks of ready workspaces by the `list` of the provisioner, or by `inspect` if it cannot list, so that users \
                get only working ones (default: the provisioner is listed every `resync`).
                """),
            .optional(
                "deprecated", .deprecated,
                "If this is true or a mapping, prewarm scales all presets of the template to zero.",
                default: .boolean(false)),
        ])

    private static let claim = ObjectShape(
        "claim",
        [
            .optional(
                "parameters", .list(claimRule, minimum: 0, maximum: ClaimValues.mostParameters),
                "Parameters that a claim may set, for example a branch or a key of the owner.", default: .list([])),
            .optional(
                "timeout", .duration(minimum: .seconds(1)),
                """
                The time after which a handover counts as failed. \
                It ends earlier if the timeout of the provisioner is shorter.
                """,
                default: .duration(HandoverSpec.standardTimeout)),
            .optional(
                "onFailure", .text(.choice(HandoverSpec.FailurePolicy.allCases.map(\.rawValue))),
                """
                What happens to a workspace whose handover failed. `replace` deletes it, and the claim gets the next \
                ready one. `keep` keeps it claimed.
                """,
                default: .text(HandoverSpec.FailurePolicy.replace.rawValue)),
        ])

    private static let health = ObjectShape(
        "health",
        [
            .optional(
                "interval", .duration(minimum: .seconds(1)), "The time between two checks of a workspace.",
                default: .text(Health.standard.interval.prewarmText)),
            .optional(
                "failures", .integer(1...100),
                "The number of failed checks in a row after which a workspace is replaced. After the first one, it cannot be claimed.",
                default: .integer(Health.standard.failures)),
            .optional(
                "freshness", .duration(minimum: .seconds(1)),
                "The age of a check up to which a workspace is preferred by claims.",
                default: .text(Health.standard.freshness.prewarmText)),
        ])

    static let claimRule = Shape.object(
        ObjectShape(
            "claim parameter",
            ruleKeys(required: "If true, each claim has to set the parameter.") + [
                .optional(
                    "secret", .boolean,
                    """
                    If true, the value is never stored, logged or shown. The type has to be string, and neither enum nor \
                    default is allowed.
                    """,
                    default: .boolean(false))
            ]))

    static let templateRule = Shape.object(
        ObjectShape("parameter rule", ruleKeys(required: "If true, each preset has to set the parameter.")))

    /// - Parameter required: The description of the key `required`.
    private static func ruleKeys(required: String) -> [ObjectShape.Key] {
        [
            .required("name", .text(.parameterName), "The name of the parameter."),
            .required(
                "type", .text(.choice(ParameterRule.Kind.allCases.map(\.rawValue))), "The type of the value."),
            .optional(
                "description", .text(.text("a sentence", maximum: 1024)),
                "The purpose of the parameter. prewarm shows it beside errors of the value."),
            .optional("enum", .list(.scalar, minimum: 1), "The allowed values."),
            .optional("minimum", .number, "The smallest allowed number."),
            .optional("maximum", .number, "The largest allowed number."),
            .optional(
                "pattern", .text(.regularExpression),
                """
                A regular expression that has to match a part of the text. \
                The syntax is ECMA-262 without lookaround and backreferences.
                """),
            .optional("required", .boolean, required, default: .boolean(false)),
            .optional("default", .scalar, "The value if the parameter is not set."),
        ]
    }
}
