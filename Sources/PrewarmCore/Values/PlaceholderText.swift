/// A text of the operator in which prewarm inserts values of a workspace, for example `go-dev:{version}`.
///
/// `{{` stands for the character `{`, and `}}` for `}`. The values come from manifests, so each user of this type checks
/// them before it uses the text.
package struct PlaceholderText: Hashable, Sendable {
    /// A name between braces.
    package enum Placeholder: Hashable, Sendable {
        /// The id of the workspace.
        case id
        /// The name of the workspace, for example `go-large-3f4g5h6j`.
        case name
        /// The name of the preset.
        case preset
        /// The version of the workspace.
        case version
        /// A parameter of the workspace.
        case parameter(String)
        /// The host port at which a port of the workspace is published.
        case port(PublishedPort)
        /// The namespace of the workspace's Kubernetes objects.
        case namespace
        /// The name of the owner who claims the workspace.
        case owner
        /// A claim parameter.
        case claim(String)
        /// A field of the first Kubernetes object of a kind, for example `Service.spec.clusterIP`.
        case field(kind: String, path: [String])
    }

    /// The set of placeholders that the texts of one kind of place may have.
    package enum Vocabulary: Hashable, Sendable {
        /// The texts of a container.
        case container
        /// The texts of Kubernetes objects.
        case objects
        /// The address of a workspace that consists of Kubernetes objects.
        case objectAddress
        /// The texts that a handover writes into Kubernetes objects.
        case handover
    }

    /// A part of a text.
    package enum Part: Hashable, Sendable {
        case literal(String)
        case placeholder(Placeholder)
    }

    /// The reason why a text is refused.
    package struct Mistake: Error, Hashable, Sendable {
        package let message: String
        /// The place of the error, in Unicode scalars after the beginning of the text.
        package let offset: Int
    }

    /// The parts in their order. No literal is empty, and no two literals are neighbors.
    package private(set) var parts: [Part] = []

    /// Reads a text, for example `ssh://127.0.0.1:{ports.22}`.
    /// - Throws: ``Mistake`` if a brace has no partner, or the vocabulary does not have a placeholder.
    package init(_ text: String, _ vocabulary: Vocabulary = .container) throws(Mistake) {
        let scalars = Array(text.unicodeScalars)
        var literal = String.UnicodeScalarView()
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            guard scalar == "{" || scalar == "}" else {
                literal.append(scalar)
                index += 1
                continue
            }
            if index + 1 < scalars.count, scalars[index + 1] == scalar {
                literal.append(scalar)
                index += 2
                continue
            }
            guard scalar == "{" else {
                throw Mistake(message: "the character } has no {: write }} for the character }", offset: index)
            }
            guard let end = scalars[index...].firstIndex(of: "}") else {
                throw Mistake(message: "the closing } is missing: write {{ for the character {", offset: index)
            }
            let name = String(String.UnicodeScalarView(scalars[(index + 1)..<end]))
            guard let placeholder = Placeholder(name), vocabulary.contains(placeholder) else {
                throw Mistake(message: vocabulary.unknown(name), offset: index)
            }
            if !literal.isEmpty { parts.append(.literal(String(literal))) }
            literal = String.UnicodeScalarView()
            parts.append(.placeholder(placeholder))
            index = end + 1
        }
        if !literal.isEmpty { parts.append(.literal(String(literal))) }
    }

    private init() {}

    /// The empty text.
    package static let empty = PlaceholderText()

    /// The placeholders of the text, in their order.
    package var placeholders: [Placeholder] {
        parts.compactMap { if case .placeholder(let placeholder) = $0 { placeholder } else { nil } }
    }
}

extension PlaceholderText.Vocabulary {
    fileprivate func contains(_ placeholder: PlaceholderText.Placeholder) -> Bool {
        switch placeholder {
        case .id, .name, .preset, .version, .parameter: true
        case .port: self == .container
        case .namespace: self != .container
        case .owner, .claim: self == .handover
        case .field: self == .objectAddress
        }
    }

    fileprivate func unknown(_ name: String) -> String {
        let more =
            switch self {
            case .container: ["ports.PORT"]
            case .objects: ["namespace"]
            case .objectAddress: ["namespace", "KIND.FIELD"]
            case .handover: ["namespace", "owner", "claim.NAME"]
            }
        let known = ["id", "name", "preset", "version", "parameters.NAME"] + more
        let shown = name.printable.prefix(64)
        return "unknown placeholder {\(shown)}: use one of "
            + known.map { "{\($0)}" }.joined(separator: ", ") + ", or write {{ for the character {"
    }
}

/// A port of a workspace: its number inside the workspace, and its protocol. Its text is for example `22` or `53/udp`.
package struct PublishedPort: Hashable, Sendable, CustomStringConvertible {
    package let number: Int
    package let isUDP: Bool

    package init(_ number: Int, isUDP: Bool = false) {
        self.number = number
        self.isUDP = isUDP
    }

    /// Reads a text such as `22`, `22/tcp` or `53/udp`; nil if it is no port.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let digits = parts[0].utf8
        guard (1...5).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }), digits.first != 48,
            let number = Int(parts[0]), (1...65_535).contains(number),
            parts.count == 1 || parts.count == 2 && ["tcp", "udp"].contains(parts[1])
        else { return nil }
        self.init(number, isUDP: parts.count == 2 && parts[1] == "udp")
    }

    package var description: String { isUDP ? "\(number)/udp" : "\(number)" }
}

extension PlaceholderText.Placeholder: CustomStringConvertible {
    /// Reads the text between the braces; nil if there is no such placeholder.
    fileprivate init?(_ name: String) {
        switch name {
        case "id": self = .id
        case "name": self = .name
        case "preset": self = .preset
        case "version": self = .version
        case "namespace": self = .namespace
        case "owner": self = .owner
        default:
            if name.hasPrefix("parameters."), name.dropFirst(11).isParameterName {
                self = .parameter(String(name.dropFirst(11)))
            } else if name.hasPrefix("claim."), name.dropFirst(6).isParameterName {
                self = .claim(String(name.dropFirst(6)))
            } else if name.hasPrefix("ports."), let port = PublishedPort(name.dropFirst(6)) {
                self = .port(port)
            } else if let (kind, path) = Self.field(name) {
                self = .field(kind: kind, path: path)
            } else {
                return nil
            }
        }
    }

    /// Reads a kind and the path of a field, for example `Service.spec.ports.0.nodePort`; nil for any other text.
    private static func field(_ name: String) -> (kind: String, path: [String])? {
        guard name.utf8.count <= 512, let first = name.utf8.first, (65...90).contains(first) else { return nil }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let isGood = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                        || [45, 47, 95].contains(byte)
                }
        }
        guard isGood, parts.count > 1, let kind = parts.first else { return nil }
        return (String(kind), parts.dropFirst().map(String.init))
    }

    /// The placeholder as it is written, for example `{parameters.language}`.
    package var description: String {
        switch self {
        case .id: "{id}"
        case .name: "{name}"
        case .preset: "{preset}"
        case .version: "{version}"
        case .parameter(let name): "{parameters.\(name)}"
        case .port(let port): "{ports.\(port)}"
        case .namespace: "{namespace}"
        case .owner: "{owner}"
        case .claim(let name): "{claim.\(name)}"
        case .field(let kind, let path): "{\(kind).\(path.joined(separator: "."))}"
        }
    }
}

extension Substring {
    /// True for the name of a parameter: a letter or `_`, then letters, digits, `_` and `-`, at most 64 characters.
    fileprivate var isParameterName: Bool {
        let isGood = utf8.allSatisfy { byte in
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95
                || byte == 45
        }
        guard isGood, (1...64).contains(utf8.count), let first = utf8.first else { return false }
        return !(48...57).contains(first) && first != 45
    }
}
