import PrewarmCore

extension Shape {
    /// The version of the manifests and of the configuration.
    static let apiVersion = "prewarm/v1"

    static let version1 = Shape.text(.choice([apiVersion]))

    static func kind(_ name: String) -> Shape { .text(.choice([name])) }

    static let metadata = Shape.object(
        ObjectShape(
            "metadata",
            [
                .required(
                    "name", .text(.name),
                    "The name, unique in the source. It identifies the object even if its file is moved."),
                .optional(
                    "labels", .map(key: .labelKey, value: .text(.labelValue)),
                    "Keys and values for people and programs. The provisioner receives them."),
                .optional(
                    "annotations", .map(key: .labelKey, value: .text(.text("text", maximum: 4096))),
                    "Keys and values for people and programs. prewarm only shows them."),
            ]))

    /// The value of `deprecated` in a template: a boolean, or a mapping with the reason and the replacement.
    static let deprecated = Shape.either([.boolean, .object(ObjectShape("deprecated", deprecationKeys))])

    /// The value of `deprecated` in a preset, whose claims can follow to the replacement.
    static let deprecatedPreset = Shape.either([
        .boolean,
        .object(
            ObjectShape(
                "deprecated", rule: .needs("redirect", ["replacement"]),
                deprecationKeys + [
                    .optional(
                        "redirect", .boolean,
                        "If true, claims of the preset get workspaces of the replacement, whose name they do not need to know.",
                        default: .boolean(false))
                ])),
    ])

    private static let deprecationKeys: [ObjectShape.Key] = [
        .optional(
            "message", .text(.text("a sentence", maximum: 1024)), "The reason, which prewarm shows to users."),
        .optional("replacement", .text(.name), "The name of the preset or template to use instead."),
    ]

    static func duration(minimum: Duration) -> Shape { .text(.duration(minimum: minimum)) }
}
