import Foundation
import Testing

/// The order of the folders of a module. A file may use a type of its own folder or of a folder before it.
@Suite("Layers of the modules")
struct LayerTests {
    /// The folders of each module that has layers, the lowest first.
    private static let layers: [String: [String]] = [
        "PrewarmCore": [
            "Values", "Patterns", "Zones", "Leases", "Domain", "Operations", "Planning", "Manifests", "Guard",
            "Changes", "Status", "Loops",
        ],
        "PrewarmManifests": ["YAML", "Shapes", "Configuration", "Kinds", "Parsing"],
        "PrewarmGit": ["Threads", "Files", "Settings", "LibGit2", "Transports", "Remote", "Mirror", "Signatures"],
        "PrewarmProvisioners": [
            "Text", "System", "Child", "Command", "Credentials", "Operation", "Tools", "Container", "Kubernetes",
            "Conformance",
        ],
        "PrewarmServer": ["Access", "SignIn", "API", "HTTP", "Dashboard"],
        "PrewarmDashboard": ["Markup", "Assets", "Components", "Plot", "Pages"],
    ]

    @Test("A folder uses no type of a folder above it", arguments: layers.keys.sorted())
    func aLayerUsesLowerOnesOnly(module: String) throws {
        let order = try #require(Self.layers[module])
        let files = try SourceFile.all(of: module)
        #expect(Set(files.map(\.folder)) == Set(order), "the list of the folders of \(module) is not complete")
        var homes: [String: Int] = [:]
        var nested: [String: Set<String>] = [:]
        for file in files {
            for type in file.declaredTypes { homes[type] = order.firstIndex(of: file.folder) }
            nested[file.folder, default: []].formUnion(file.nestedTypes)
        }
        #expect(homes.count > 10, "the declarations of \(module) are not found")
        for file in files {
            guard let layer = order.firstIndex(of: file.folder) else { continue }
            for name in file.usedNames.subtracting(nested[file.folder, default: []]) {
                guard let home = homes[name], home > layer else { continue }
                Issue.record(
                    "\(file.path) of the layer \(file.folder) uses \(name) of the layer \(order[home]) above it")
            }
        }
    }
}

/// A file of a module, as text.
private struct SourceFile {
    let path: String
    /// The name of the folder directly below the module; empty if the file is in no folder.
    let folder: String
    /// The code without comments and string literals.
    private let code: String

    static func all(of module: String) throws -> [SourceFile] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/\(module)")
        return try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".swift") }.sorted()
            .map { name in
                let text = try String(contentsOf: root.appending(path: name), encoding: .utf8)
                let parts = name.split(separator: "/")
                return SourceFile(
                    path: "\(module)/\(name)", folder: parts.count > 1 ? String(parts[0]) : "",
                    code: text.replacing(/\/\/[^\n]*/, with: "").replacing(/"[^"\n]*"/, with: "\"\""))
            }
    }

    /// The names of the types that the file declares outside of other types, and that other files can use.
    var declaredTypes: [String] {
        lines.filter { !$0.hasPrefix(" ") }.compactMap { line in
            line.contains("private ") ? nil : Self.declaredType(line)
        }
    }

    /// The names of the types that the file declares inside of other types.
    var nestedTypes: [String] { lines.filter { $0.hasPrefix(" ") }.compactMap(Self.declaredType) }

    /// The names in the code that begin like the name of a type.
    var usedNames: Set<String> { Set(code.matches(of: /\b[A-Z]\w+/).map { String($0.output) }) }

    private var lines: [Substring] { code.split(separator: "\n") }

    private static func declaredType(_ line: Substring) -> String? {
        line.firstMatch(of: /^ *(?:[a-z]+ )*(?:struct|enum|class|actor|protocol|typealias) (\w+)/)
            .map { String($0.output.1) }
    }
}
