package import PrewarmCore

/// The reader of a document. Workspaces, operations, events and conditions are always rendered for an audience, so that
/// every route, list and stream shows a reader the same.
package protocol Audience: Sendable {
    /// True if the reader may see all presets.
    var seesAllPresets: Bool { get }

    /// Returns true if the reader may see the preset.
    func sees(_ preset: PresetKey) -> Bool

    /// Returns the view that the reader has of a workspace.
    /// - Parameters:
    ///   - preset: The preset of the workspace.
    ///   - owner: The owner of the workspace; nil if it is unclaimed.
    func view(of preset: PresetKey, owner: Owner?) -> WorkspaceView

    /// Returns true if the reader may read the texts that provisioners wrote about a preset.
    /// - Parameter preset: The preset; nil for a text about no preset, for example the answer to `list`.
    func readsLogs(of preset: PresetKey?) -> Bool
}

/// The view that a reader has of a workspace, and therefore of its operations and events.
package enum WorkspaceView: Hashable, Sendable {
    case whole
    /// The workspace without its endpoint and metadata, which give access to it.
    case masked
    case hidden
}

/// The audience of commands that work on the store directly. It sees everything.
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
    /// Returns the view of the workspace that an event is about. Events about other objects are whole or hidden.
    package func view(of event: Event) -> WorkspaceView {
        let key = event.source.flatMap { source in
            event.preset.map { PresetKey(source: source, name: $0) }
        }
        if !seesAllPresets, key.map(sees) != true { return .hidden }
        guard ["workspace", "operation"].contains(event.object) else { return .whole }
        return view(of: key ?? .orphans, owner: event.owner)
    }

    /// Returns the presets of a waiting claim in whose queues the reader may see it.
    package func presets(of ticket: Ticket) -> [PresetKey] {
        ticket.presets.filter { view(of: $0, owner: ticket.owner) != .hidden }
    }

    /// Returns the errors and warnings of a source that the reader may see. A reader that does not see
    /// all presets gets those in the files of the visible presets.
    package func visible(_ diagnostics: [Diagnostic], of presets: [Preset]) -> [Diagnostic] {
        guard !seesAllPresets else { return diagnostics }
        let files = Set(presets.lazy.filter { sees($0.key) }.map(\.origin.file))
        return diagnostics.filter { files.contains($0.file) }
    }
}

extension PresetStatus {
    /// Returns the conditions. If the audience may not read logs, they contain no text of a provisioner.
    package func conditions(for audience: some Audience) -> [Condition] {
        audience.readsLogs(of: preset.key) ? conditions : conditionsWithoutLogs
    }
}

extension StoreReader {
    /// Returns the owners of the claimed workspaces that the operations are about.
    package func owners(of operations: [Operation]) throws -> [WorkspaceID: Owner] {
        var owners: [WorkspaceID: Owner] = [:]
        for id in Set(operations.map(\.workspace)) { owners[id] = try workspace(id.rawValue)?.owner }
        return owners
    }
}
