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
enum Starter { struct File { var path: String; var text: String; var isExecutable: Bool }
static let files: [File] = []
static func nextSteps(directory: String) -> String { "" } }
struct Validator { init(_ g: GlobalOptions) {}
func configured() async throws -> Findings { Findings() }
func check(_ p: [String]) throws -> Findings { Findings() } }
struct SchemaCommand: ParsableCommand {}
