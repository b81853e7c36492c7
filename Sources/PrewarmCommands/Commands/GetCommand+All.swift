import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

extension GetCommand.Kind {
    /// The kinds that `get all` lists, in its order.
    static let overview: [Self] = [.sources, .presets, .workspaces]

    /// The short names of kinds.
    static let aliases: [String: Self] = [
        "ws": .workspaces, "op": .operations, "ops": .operations, "ev": .events, "src": .sources, "rev": .revisions,
        "delivery": .deliveries,
    ]

    /// The short names for the help, for example `ws` (workspaces).
    static var shortNames: String {
        allCases.compactMap { kind in
            aliases.filter { $0.value == kind && $0.key.count <= 3 }.map(\.key).min().map {
                "`\($0)` (\(kind.rawValue))"
            }
        }.joined(separator: ", ")
    }
}

/// `prewarm get all`.
extension GetCommand {
    /// Checks that `all` has no option that selects objects of one kind.
    func checkAll() throws {
        guard kind == .all else { return }
        if let name { throw ValidationError("cannot use the name \(name) with all: give the kind of the object") }
        if let field { throw ValidationError("cannot use --field \(field.text) with all: give one kind of objects") }
    }

    /// Returns the objects of several kinds: a table for each kind, or a document with a list for each kind.
    func listingOfAll(_ session: Session, _ console: Console) async throws -> Listing {
        var texts: [TerminalText] = []
        var lists: [(key: String, value: any Document)] = []
        for kind in Kind.overview {
            var part = self
            part.object = ObjectArgument(kind: kind)
            let objects = try await part.objects(session)
            lists.append((kind.rawValue, objects.list))
            switch output {
            case .json, .yaml: break
            case .name: texts.append(objects.names().map { "\(kind.rawValue.dropLast())/\($0)\n" }.joined())
            case .table, .wide: texts.append(try part.listing(of: objects, console).text)
            }
        }
        let document = Value.object(lists.map { ($0.key, $0.value.tree) })
        switch output {
        case .json: return Listing(text: TerminalText(document: document.json))
        case .yaml: return Listing(text: TerminalText(document: document.yaml))
        case .name: return Listing(text: texts.joined())
        case .table, .wide:
            let shown = texts.filter { $0 != "" }
            return shown.isEmpty
                ? Listing(text: "", remark: "There are no objects.") : Listing(text: shown.joined(separator: "\n"))
        }
    }
}
