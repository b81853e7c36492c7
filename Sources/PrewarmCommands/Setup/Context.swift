import PrewarmCore
import PrewarmEngine

/// What a command that works on the store directly needs: the engine of the configuration, and the console.
struct Context: Sendable {
    let engine: Engine
    let console: Console

    /// In the order of the configuration.
    var sourceNames: [String] { engine.sourceNames }
    var store: any Store { engine.store }

    func assess() async throws -> [TurnReport] { try await engine.assess() }
    func sourceStatuses() async throws -> [SourceStatus] { try await engine.sourceStatuses() }
}
