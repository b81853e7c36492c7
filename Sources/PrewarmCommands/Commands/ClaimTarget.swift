import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The preset or the selection that a command claims a workspace by.
enum ClaimTarget {
    /// The name of a preset, or `source/name`.
    case preset(String)
    case selection(Selection)

    /// The noun phrase for messages.
    var description: String {
        switch self {
        case .preset(let name): name
        case .selection(let selection): "a preset with \(selection.selector)"
        }
    }

    /// The path of the request below the API, and its query.
    var route: (path: [String], query: [String: String?]) {
        switch self {
        case .preset(let text):
            let name = PresetName(text)
            return (["presets", name.name, "claims"], ["source": name.source])
        case .selection: return (["claims"], [:])
        }
    }

    /// The members of the request's body that choose the preset.
    var members: KeyValuePairs<String, Value?> {
        guard case .selection(let selection) = self else { return [:] }
        let preferences = selection.preferences.map(\.value)
        return [
            "select": selection.selector.value, "prefer": preferences.isEmpty ? nil : .array(preferences),
        ]
    }
}

extension PresetSelector {
    /// The object of a request.
    fileprivate var value: Value { .object(terms.map { ($0.key, .string($0.value)) }) }
}

extension WorkspaceDocument {
    /// Notes why an answer has a workspace of another preset than the user may expect: a selection, or a redirect.
    func noteChoice(_ console: Console) {
        if let why = selection?.why { console.note("Chose \(preset): \(why).") }
        if let old = redirectedFrom {
            console.note("\(old) is deprecated: this workspace is from its replacement \(preset).")
        }
    }
}
