import PrewarmCore

/// The value that prewarm takes if an optional key is left out. The JSON Schema states it in the keyword `default`.
enum DefaultValue: Sendable {
    case text(String)
    case integer(Int)
    case boolean(Bool)
    case list([String])

    /// Returns the default of a key that holds a duration, in the form of manifests, for example `10m`.
    static func duration(_ duration: Duration) -> Self { .text(duration.prewarmText) }
}
