import PrewarmCore

extension Shape {
    static let notifications = Shape.list(.object(notification), minimum: 0)

    static let metrics = Shape.object(
        ObjectShape(
            "metrics",
            [
                .optional(
                    "perPreset", .text(.choice(["all", "nonzero", "off"])),
                    """
                    The series for each preset. `all` writes every series. `nonzero` leaves out numbers that are 0 \
                    and the condition Ready. `off` writes only the sums of each source.
                    """,
                    default: .text(Configuration.standardMetricsPerPreset))
            ]))

    private static let notification = ObjectShape(
        "notification",
        [
            .required("name", .text(.name), "The name of the receiver in logs and metrics."),
            .required(
                "kind", .text(.choice(Configuration.Notification.kinds)),
                """
                The kind of the receiver. `webhook` receives signed CloudEvents and `slack` receives messages. \
                `github`, `gitlab` and `gitea` (also Forgejo) receive commit statuses.
                """),
            .optional(
                "url", .text(address),
                """
                The address of the receiver. A webhook or Slack requires it. \
                For a forge, it is the address of the API (default: derived from the URL of the source).
                """),
            .optional(
                "secret", .text(.text("text", maximum: 4096)),
                """
                The signing secret of a webhook: whsec_ and 24 to 64 bytes in base64. \
                ${NAME} takes it from the environment.
                """),
            .optional(
                "token", .text(.text("text", maximum: 4096)),
                "The access token for a forge. It needs the permission to write commit statuses."),
            .optional(
                "sources", .list(.text(.name), minimum: 1),
                "The names of the sources that the receiver gets notifications of (default: all sources)."),
            .optional(
                "events", .list(.text(.choice(Configuration.Notification.types)), minimum: 1),
                """
                The types of events that a webhook or Slack receives. \
                prewarm also sends the event that ends a reported problem.
                """,
                default: .list(Configuration.Notification.standardTypes)),
            .optional(
                "repository", .text(repository),
                "The repository at a forge in the form owner/name (default: derived from the URL of the source)."),
            .optional(
                "caFile", .text(.text("text", maximum: 4096)),
                "A PEM file with the certificate authorities to trust for https (default: those of the system)."),
        ])

    private static let address = TextRule(
        "a URL, for example https://example.org/hook", pattern: "^https?://[^\\s@#]+$", minimumLength: 1,
        maximumLength: 4096, message: "expected a URL without user name, fragment and spaces: https://…")

    private static let repository = TextRule(
        "a repository in the form owner/name", pattern: "^[^\\s/?#%]+(/[^\\s/?#%]+)+$", minimumLength: 3,
        maximumLength: 512)
}
