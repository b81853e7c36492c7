import PrewarmCore

/// Rules for the texts of Kubernetes objects.
extension TextRule {
    static let objectKind = TextRule(
        "a kind of Kubernetes objects, for example Pod", pattern: "^[A-Z][A-Za-z0-9]*$", minimumLength: 1,
        maximumLength: 63)

    /// The version of an API, with its group if it is not the core group.
    static let objectVersion = TextRule(
        "the version of a Kubernetes API, for example v1 or apps/v1",
        pattern: "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9][a-z0-9]*$", minimumLength: 1, maximumLength: 253)

    static let conditionType = TextRule(
        "the type of a condition, for example Ready", pattern: "^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$",
        minimumLength: 1, maximumLength: 316)

    /// The key of an entry of a Secret.
    static let secretKey = TextRule(
        "the key of a Secret: letters, digits and - _ .", pattern: "^[-._A-Za-z0-9]+$", minimumLength: 1,
        maximumLength: 253)

    static let objectAddress = placeholders(
        "an address, for example http://{Service.spec.clusterIP}:8080", maximum: 1024, vocabulary: .objectAddress
    ) { address in
        address.hasSpace
            ? "expected an address without spaces, for example http://{Service.spec.clusterIP}:8080" : nil
    }
}
