import ArgumentParser
import PrewarmCore
import PrewarmEngine
extension Context {
    static func open(_ global: GlobalOptions) async throws -> Context { throw CommandFailure("not yet") }
    func sources(named: String?) throws -> [String] { sourceNames }
}
struct OfflinePlan {
    let path: String, observed: String?, at: Timestamp, global: GlobalOptions
    func report() async throws -> TurnReport { throw CommandFailure("not yet") }
}
extension Diagnostic { func text(colour: Bool) -> String { message } }
struct InitCommand: ParsableCommand {}
struct ValidateCommand: ParsableCommand {}
struct SchemaCommand: ParsableCommand {}
