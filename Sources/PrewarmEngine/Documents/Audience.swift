package import PrewarmCore

/// The reader of a document. Workspaces, operations, events and conditions are rendered for an audience only, so that
/// every route, list and stream shows a reader the same.
package protocol Audience: Sendable {
    /// Whether the reader may know all presets.
    var seesAllPresets: Bool { get }

    func sees(_ preset: PresetKey) -> Bool

    /// How much the reader sees of a workspace.
    /// - Parameter owner: nil where nobody has claimed it.
    func view(of preset: PresetKey, owner: Owner?) -> WorkspaceView

    /// Whether the reader may read what provisioners wrote about a preset.
    /// - Parameter preset: nil where the text is about no preset, as the answer to `list`.
    func readsLogs(of preset: PresetKey?) -> Bool
}

/// How much a reader sees of a workspace, and so of its operations and events.
package enum WorkspaceView: Hashable, Sendable {
    case whole
    /// The workspace without what opens it: its endpoint and metadata.
    case masked
    case hidden
}

/// The audience of commands that work on the store directly: it sees everything.
package struct LocalAudience: Audience {
    package init() {}

    package var seesAllPresets: Bool { true }
    package func sees(_ preset: PresetKey) -> Bool { true }
    package func view(of preset: PresetKey, owner: Owner?) -> WorkspaceView { .whole }
    package func readsLogs(of preset: PresetKey?) -> Bool { true }
}

extension Audience where Self == LocalAudience {
    package static var local: LocalAudience { LocalAudience() }
}

extension Audience {
    /// The view of the workspace that an event is about; of other events, and of orphans, whether it is shown at all.
    func view(of event: Event) -> WorkspaceView {
        let key = event.source.flatMap { source in
            event.preset.map { PresetKey(source: source, name: $0) }
        }
        if !seesAllPresets, key.map(sees) != true { return .hidden }
        guard ["workspace", "operation"].contains(event.object) else { return .whole }
        return view(of: key ?? .orphans, owner: event.owner)
    }

    /// The errors and warnings that the reader may see of a source: all, or those of the files of its presets.
    package func visible(_ diagnostics: [Diagnostic], of presets: [Preset]) -> [Diagnostic] {
        guard !seesAllPresets else { return diagnostics }
        let files = Set(presets.lazy.filter { sees($0.key) }.map(\.origin.file))
        return diagnostics.filter { files.contains($0.file) }
    }
}

extension PresetStatus {
    package func conditions(for audience: some Audience) -> [Condition] {
        audience.readsLogs(of: preset.key) ? conditions : conditionsWithoutLogs
    }
}

extension StoreReader {
    /// The owners of the workspaces that operations are about, of those that have one.
    package func owners(of operations: [Operation]) throws -> [WorkspaceID: Owner] {
        var owners: [WorkspaceID: Owner] = [:]
        for id in Set(operations.map(\.workspace)) { owners[id] = try workspace(id.rawValue)?.owner }
        return owners
    }
}
