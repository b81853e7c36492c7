import PrewarmCore

extension Shape {
    static let preset = Shape.object(
        ObjectShape(
            "the preset",
            [
                .required("apiVersion", .version1, "prewarm/v1"),
                .required("kind", .kind("Preset"), "Preset"),
                .required("metadata", .metadata, "name, labels, annotations"),
                .required("spec", .object(presetSpec), "what the pool is made of, and how large it is"),
            ]))

    private static let presetSpec = ObjectShape(
        "spec",
        [
            .required("template", .text(.name), "what workspaces are made of"),
            .optional(
                "version", .text(.version), "of the template; optional where the Template names its activeVersion"),
            .optional(
                "parameters", .map(key: .parameterName, value: parameter),
                "scalars, checked against the template's rules"),
            .required("instances", .integer(0...10_000), "how many are wanted"),
            .optional("ttl", .duration(minimum: .seconds(60)), "how long an instance may wait for a user"),
            .optional("schedule", .object(schedule), "the first window that matches sets the number; none: instances"),
            .optional("strategy", .object(strategy), "how old instances are replaced"),
            .optional("failureLimit", .integer(1...1000), "builds that fail in a row until the preset is stalled"),
            .optional(
                "onEmpty", .text(.choice(["refuse", "create"])),
                "what a claim does where none is ready; create: one is made for that user; refuse unless it is said"),
            .optional(
                "priority", .integer(-1000...1000),
                "higher ones are filled first where a limit bites; 0 unless it is said"),
            .optional(
                "keepFailed", .integer(0...100),
                "how many failed instances, the last ones, stay for inspection; 0 unless it is said"),
            .optional(
                "deletionPolicy", .text(.choice(["Delete", "Confirm", "Retain"])),
                "what becomes of instances once the preset is gone, deprecated or inactive; Delete unless it is said"),
            .optional(
                "mode", .text(.choice(["reconcile", "observe"])),
                "observe: plans are made and shown, never carried out; reconcile unless it is said"),
            .optional("deprecated", .deprecated, "true, or why: scaled to zero, no new claims"),
            .optional("suspended", .boolean, "true: nothing is created or deleted"),
        ])

    private static let parameter = Shape.either([
        .scalar,
        .object(
            ObjectShape(
                "the parameter",
                [
                    .required(
                        "valueFrom",
                        .object(
                            ObjectShape(
                                "valueFrom",
                                [
                                    .required(
                                        "secret", .text(.variableName), "the name of a secret of the configuration")
                                ])), "where the value comes from")
                ])),
    ])

    private static let schedule = ObjectShape(
        "schedule",
        [
            .required("timezone", .text(.timezone), "an IANA name, as Europe/Berlin"),
            .required("windows", .list(.object(window), minimum: 1, maximum: 100), "the first that matches wins"),
        ])

    private static let window = ObjectShape(
        "the window",
        [
            .required("cron", .text(.cron), "the minutes that it covers, as \"* 8-18 * * 1-5\""),
            .required("instances", .integer(0...10_000), "how many are wanted in it"),
        ])

    private static let strategy = ObjectShape(
        "strategy", rule: .notBothZero("maxSurge", "maxUnavailable"),
        [
            .optional("type", .text(.choice(["RollingUpdate", "Recreate"])), "RollingUpdate unless it is said"),
            .optional(
                "maxSurge", .either([.integer(0...10_000), .text(.percentage)]),
                "how many more than desired there may be; 25% unless it is said"),
            .optional(
                "maxUnavailable", .either([.integer(0...10_000), .text(.percentage)]),
                "how many fewer may be ready; 25% unless it is said"),
            .optional(
                "canary", .integer(0...10_000),
                "how many of a new version are made at once until the first is ready; 0: no limit; 1 unless it is said"),
        ])

    static let template = Shape.object(
        ObjectShape(
            "the template",
            [
                .required("apiVersion", .version1, "prewarm/v1"),
                .required("kind", .kind("Template"), "Template"),
                .required("metadata", .metadata, "name, labels, annotations"),
                .required("spec", .object(templateSpec), "who makes the workspaces, and what is demanded of presets"),
            ]))

    private static let templateSpec = ObjectShape(
        "spec",
        [
            .optional(
                "provisioner", .text(.name),
                "by the name that the operator's configuration gives it; else the default one"),
            .optional("activeVersion", .text(.version), "presets that pin another are inactive: scaled to zero"),
            .optional("parameters", .list(templateRule, minimum: 0), "what is demanded of the parameters of presets"),
            .optional(
                "readyTimeout", .duration(minimum: .seconds(1)),
                "how long an instance may be starting until it counts as failed; for ever unless it is said"),
            .optional("deprecated", .deprecated, "true, or why: all its presets are scaled to zero"),
        ])

    static let templateRule = Shape.object(rule)

    private static let rule = ObjectShape(
        "the parameter rule",
        [
            .required("name", .text(.parameterName), "of the parameter"),
            .required(
                "type", .text(.choice(ParameterRule.Kind.allCases.map(\.rawValue))),
                "string, number, integer or boolean"),
            .optional("description", .text(.text("a sentence", maximum: 1024)), "shown where a value is wrong"),
            .optional("enum", .list(.scalar, minimum: 1), "the values that are allowed"),
            .optional("minimum", .number, "of a number"),
            .optional("maximum", .number, "of a number"),
            .optional(
                "pattern", .text(.regularExpression),
                "that a text must match somewhere: ECMA-262 without lookaround and backreferences"),
            .optional("required", .boolean, "true: a preset must give it"),
            .optional("default", .scalar, "where a preset doesn't give it"),
        ])
}
