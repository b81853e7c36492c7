import PrewarmCore

extension Shape {
    static let notifications = Shape.list(.object(notification), minimum: 0)

    static let metrics = Shape.object(
        ObjectShape(
            "metrics",
            [
                .optional(
                    "perPreset", .text(.choice(["all", "nonzero", "off"])),
                    "series for each preset: all, those that are not 0 or not as they shall be, or sums of each source; "
                        + "nonzero unless it is said")
            ]))

    private static let notification = ObjectShape(
        "the notification",
        [
            .required("name", .text(.name), "as logs and metrics call it"),
            .required(
                "kind", .text(.choice(Configuration.Notification.kinds)),
                "webhook (CloudEvents, signed), slack, or commit statuses at github, gitlab or gitea (Forgejo, too)"),
            .optional(
                "url", .text(address),
                "where to send to; of a forge the address of its API, which follows from the source unless it is said"),
            .optional(
                "secret", .text(.text("text", maximum: 4096)),
                "of a webhook: whsec_ and 24 to 64 bytes in base64; ${NAME} takes it from the environment"),
            .optional("token", .text(.text("text", maximum: 4096)), "of a forge: one that may write commit statuses"),
            .optional("sources", .list(.text(.name), minimum: 1), "of which sources; all unless it is said"),
            .optional(
                "events", .list(.text(.choice(Configuration.Notification.types)), minimum: 1),
                "what to tell; what somebody should look at unless it is said. The end of what was told comes along"),
            .optional(
                "repository", .text(repository), "of a forge: owner/name, where the source's url does not say it"),
            .optional("caFile", .text(.text("text", maximum: 4096)), "certificates to trust for https, as a PEM file"),
        ])

    private static let address = TextRule(
        "an address, as https://example.org/hook", pattern: "^https?://[^\\s@#]+$", minimumLength: 1,
        maximumLength: 4096
    ) { text in
        let rest = ["https://", "http://"].first { text.hasPrefix($0) }.map { text.dropFirst($0.count) }
        let hasOther = text.unicodeScalars.contains {
            $0.properties.isWhitespace || $0 == "@" || $0 == "#" || $0.value == 0xfeff
        }
        return rest?.isEmpty == false && !hasOther
            ? nil : TextRule.Problem(message: "expected https://…, without a user's name and without spaces")
    }

    private static let repository = TextRule(
        "owner/name", pattern: "^[^\\s/?#%]+(/[^\\s/?#%]+)+$", minimumLength: 3, maximumLength: 512
    ) { text in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let hasOther = text.unicodeScalars.contains {
            $0.properties.isWhitespace || "?#%".unicodeScalars.contains($0) || $0.value == 0xfeff
        }
        return parts.count > 1 && parts.allSatisfy { !$0.isEmpty } && !hasOther
            ? nil : TextRule.Problem(message: "expected owner/name")
    }
}
