/// placeholder until merged
package struct Catalog: Sendable {
    package var presets: [Preset] = []
    package var templates: [Template] = []
    package var diagnostics: [Diagnostic] = []
    package var foreignDocuments = 0
    package init(source: String, files: [(path: String, file: ParsedFile)], provisioners: [String], defaultProvisioner: String?, previous: [Preset], previousTemplates: [Template]) {}
}
