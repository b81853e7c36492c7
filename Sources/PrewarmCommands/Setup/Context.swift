import PrewarmCore
import PrewarmEngine

/// What a command that works on the store directly needs: the engine of the configuration, and the console.
struct Context: Sendable {
    let engine: Engine
    let console: Console
    /// In the order of the configuration.
    let sourceNames: [String]

    var store: any Store { engine.store }

    /// Pools of all sources as they are, without asking a remote.
    func assess() async throws -> [TurnReport] {
        var reports: [TurnReport] = []
        for name in sourceNames { reports.append(try await engine.assess(name)) }
        return reports
    }

    func sourceStatuses() async throws -> [SourceStatus] {
        let sources = sourceNames.compactMap { engine.sources[$0] }
        let now = engine.now()
        return try await store.read { store in
            try sources.map { source in
                SourceStatus(
                    name: source.name, url: source.url, record: try store.source(source.name),
                    diagnostics: try store.diagnostics(source: source.name),
                    pin: try store.pins().first { $0.source == source.name && $0.isInForce(at: now) })
            }
        }
    }
}
