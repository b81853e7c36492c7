import PrewarmCore

extension Shape {
    /// The lease of claims in a preset. ``LeaseCheck`` compares its durations.
    static let lease = Shape.object(
        ObjectShape(
            "lease",
            [
                .required(
                    "ttl", .duration(minimum: .seconds(1)),
                    """
                    The time after which a claim ends, for example 8h. It counts from the claim and again from each \
                    renewal.
                    """),
                .optional(
                    "max", .duration(minimum: .seconds(1)),
                    "The longest time from the claim to its end, whatever is renewed (default: no limit)."),
                .optional(
                    "warn", .duration(minimum: .seconds(0)),
                    "The time before the end at which prewarm reports it (default: a tenth of `ttl`)."),
                .optional(
                    "grace", .duration(minimum: .seconds(0)),
                    "The time after the end in which a renewal still saves the workspace.", default: .text("0s")),
                .optional(
                    "onExpiry", .text(.choice(LeasePolicy.OnExpiry.allCases.map(\.rawValue))),
                    """
                    What happens at the end. `Delete` deletes the workspace. `Report` only reports the end, and the \
                    workspace stays claimed.
                    """,
                    default: .text(LeasePolicy.OnExpiry.delete.rawValue)),
            ]))
}

extension LeasePolicy {
    init?(_ document: DocumentReader) {
        func duration(_ key: String) -> Duration? { document[key].flatMap { Duration(prewarm: $0.text) } }
        guard let ttl = duration("ttl") else { return nil }
        self.init(
            ttl: ttl, max: duration("max"), warn: duration("warn"), grace: duration("grace") ?? .zero,
            onExpiry: document["onExpiry"].flatMap { OnExpiry(rawValue: $0.text) } ?? .delete)
    }
}

/// Errors of a lease that a shape cannot express.
enum LeaseCheck {
    static func problems(of document: DocumentReader) -> [Diagnostic] {
        guard let element = document["spec"]?["lease"], let lease = LeasePolicy(element) else { return [] }
        var problems: [Diagnostic] = []
        if let max = lease.max, max < lease.ttl {
            problems.append(
                Diagnostic(
                    .error, at: element["max"]?.position,
                    "invalid max: expected at least the ttl \(lease.ttl.prewarmText), found \(max.prewarmText)",
                    hint: "raise max, or lower ttl"))
        }
        if lease.warn >= lease.ttl {
            problems.append(
                Diagnostic(
                    .error, at: (element["warn"] ?? element).position,
                    "invalid warn: expected less than the ttl \(lease.ttl.prewarmText), found "
                        + lease.warn.prewarmText, hint: "lower warn, or raise ttl"))
        }
        return problems
    }
}
