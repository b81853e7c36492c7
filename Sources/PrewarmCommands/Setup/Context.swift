import PrewarmCore
import PrewarmEngine

/// The engine and the console of a command that works on the local store.
struct Context: Sendable {
    let engine: Engine
    let console: Console

    var store: any Store { engine.store }
}
