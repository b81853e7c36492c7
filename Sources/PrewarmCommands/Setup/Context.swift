import PrewarmCore
import PrewarmEngine

/// What a command that works on the store directly needs: the engine of the configuration, and the console.
struct Context: Sendable {
    let engine: Engine
    let console: Console

    var store: any Store { engine.store }
}
