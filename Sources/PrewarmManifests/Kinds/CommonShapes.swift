import PrewarmCore

extension Shape {
    static let version1 = Shape.text(.choice([ManifestParser.apiVersion]))

    static func kind(_ name: String) -> Shape { .text(.choice([name])) }

    static let metadata = Shape.object(
        ObjectShape(
            "metadata",
            [
                .required("name", .text(.name), "the identity, unique in the source, wherever the file lies"),
                .optional(
                    "labels", .map(key: .labelKey, value: .text(.labelValue)),
                    "for people and programs; they reach the provisioner"),
                .optional(
                    "annotations", .map(key: .labelKey, value: .text(.text("text", maximum: 4096))),
                    "for people and programs"),
            ]))

    /// `true`, or why and what to use in its place.
    static let deprecated = Shape.either([
        .boolean,
        .object(
            ObjectShape(
                "deprecated",
                [
                    .optional("message", .text(.text("a sentence", maximum: 1024)), "why"),
                    .optional("replacement", .text(.name), "the name of what to use in its place"),
                ])),
    ])

    static func duration(minimum: Duration) -> Shape { .text(.duration(minimum: minimum)) }
}
