import ArgumentParser
import PrewarmCore
import PrewarmEngine
extension Context {
    static func open(_ global: GlobalOptions) async throws -> Context { throw CommandFailure("not yet") }
    func sources(named: String?) throws -> [String] { sourceNames }
}
struct ManifestFolder {
    struct Loaded { var source = ""; var catalog: Catalog; var hidesPresets = false; var invalidNames: Set<String> = [] }
    func load(_ path: String) throws -> Loaded { throw CommandFailure("not yet") }
}
extension Diagnostic { func text(colour: Bool) -> String { message } }
struct InitCommand: ParsableCommand {}
struct ValidateCommand: ParsableCommand {}
struct SchemaCommand: ParsableCommand {}
