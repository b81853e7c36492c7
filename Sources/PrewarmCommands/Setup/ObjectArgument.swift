import ArgumentParser

/// An argument `KIND` or `KIND/NAME`, for example `presets` or `preset/go-large`.
struct ObjectArgument<Kind: ExpressibleByArgument & Sendable>: ExpressibleByArgument, Sendable {
    let kind: Kind
    /// The name behind the slash; nil if there is no slash.
    var name: String?

    init(kind: Kind) {
        self.kind = kind
    }

    init?(argument: String) {
        let parts = argument.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let kind = Kind(argument: parts[0]), parts.count == 1 || !parts[1].isEmpty else { return nil }
        self.kind = kind
        name = parts.count == 2 ? parts[1] : nil
    }

    static var allValueStrings: [String] { Kind.allValueStrings }
    static var defaultCompletionKind: CompletionKind { .list(Kind.allValueStrings) }

    /// Returns the name that the user gave, behind the slash or as an argument of its own.
    /// - Throws: `ValidationError` if there are both.
    func name(or argument: String?) throws -> String? {
        guard let name, let argument else { return name ?? argument }
        throw ValidationError("cannot use both /\(name) and \(argument): give one name")
    }
}
