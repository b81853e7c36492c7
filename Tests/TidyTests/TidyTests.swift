import Foundation
import Testing

/// The rules of the project that the compiler does not check.
@Suite("Rules for the sources")
struct TidyTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The modules of this project that each module may import.
    private static let allowed: [String: Set<String>] = [
        "PrewarmCore": [],
        "PrewarmManifests": ["PrewarmCore", "CLibYAML"],
        "PrewarmEngine": ["PrewarmCore"],
        "PrewarmGit": ["PrewarmCore", "PrewarmEngine", "CLibGit2"],
        "PrewarmSQL": ["PrewarmCore", "PrewarmEngine"],
        "PrewarmSQLite": ["PrewarmCore", "PrewarmEngine", "PrewarmSQL"],
        "PrewarmPostgres": ["PrewarmCore", "PrewarmEngine", "PrewarmSQL", "CLibPQ"],
        "PrewarmProvisioners": ["PrewarmCore", "PrewarmEngine", "CProcess"],
        "PrewarmTelemetry": ["PrewarmCore", "PrewarmEngine"],
        "PrewarmNotifications": ["PrewarmCore", "PrewarmEngine", "PrewarmTelemetry"],
        "PrewarmAPI": ["PrewarmCore", "PrewarmEngine"],
        "PrewarmDashboard": ["PrewarmCore", "PrewarmEngine", "PrewarmAPI"],
        "PrewarmWebhooks": ["PrewarmCore", "PrewarmEngine", "PrewarmAPI"],
        "PrewarmServer": [
            "PrewarmCore", "PrewarmEngine", "PrewarmAPI", "PrewarmTelemetry", "PrewarmDashboard", "PrewarmWebhooks",
        ],
        "PrewarmCommands": [
            "PrewarmCore", "PrewarmEngine", "PrewarmManifests", "PrewarmGit", "PrewarmSQLite", "PrewarmPostgres",
            "PrewarmAPI", "PrewarmProvisioners", "PrewarmNotifications", "PrewarmTelemetry", "PrewarmWebhooks",
            "PrewarmServer", "CMalloc", "CEpoll",
        ],
        "prewarm": ["PrewarmCommands"],
    ]

    /// All modules of this project.
    private static let ours = Set(allowed.keys).union([
        "CLibYAML", "CLibGit2", "CLibPQ", "CMalloc", "CEpoll", "CProcess",
    ])

    @Test("A module imports only the modules that it may import", arguments: allowed.keys.sorted())
    func aModuleImportsOnlyWhatItMay(module: String) throws {
        for (file, lines) in try Self.swiftFiles(below: "Sources/\(module)") {
            for name in lines.compactMap(Self.importedModule) where Self.ours.contains(name) {
                #expect(Self.allowed[module]?.contains(name) == true, "\(file) imports \(name)")
            }
        }
    }

    /// A build of the tests makes more products than one of the program, so an import that the target does not declare may fail
    /// only in the latter.
    @Test("A module imports only products that its target depends on", arguments: allowed.keys.sorted())
    func aTargetDependsOnWhatItImports(module: String) throws {
        let manifest = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        let products = Dictionary(
            manifest.matches(of: /let (\w+): Target\.Dependency = \.product\(name: "(\w+)"/).map {
                (String($0.output.1), String($0.output.2))
            }, uniquingKeysWith: { first, _ in first })
        let start = try #require(
            manifest.firstRange(of: try Regex("(module\\(|name:)\\s*\"\(module)\",")), "\(module) has a target")
        let list = manifest[start.upperBound...].prefix { $0 != "]" }
        let declared = Set(list.matches(of: /\w+/).compactMap { products[String($0.output)] })
        #expect(!products.isEmpty)
        for (file, lines) in try Self.swiftFiles(below: "Sources/\(module)") {
            for name in lines.compactMap(Self.importedModule) where Set(products.values).contains(name) {
                #expect(declared.contains(name), "\(file) imports \(name)")
            }
        }
    }

    @Test("The list of modules is that of the folder Sources")
    func everyModuleIsListed() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path)
        #expect(Set(names.filter { !$0.hasPrefix(".") }) == Self.ours)
    }

    @Test("PrewarmCore imports no module")
    func theCoreImportsNothing() throws {
        for (file, lines) in try Self.swiftFiles(below: "Sources/PrewarmCore") {
            #expect(lines.compactMap(Self.importedModule).isEmpty, "\(file)")
        }
    }

    @Test("The sources contain no trapping calls, no DateFormatter and no URLSession")
    func nothingThatTrapsIsInTheSources() throws {
        let banned = ["try!", "as!", "fatalError(", "preconditionFailure(", "DateFormatter", "URLSession"]
        for (file, lines) in try Self.swiftFiles(below: "Sources") {
            for (index, line) in lines.enumerated() where !line.drop(while: \.isWhitespace).hasPrefix("//") {
                for word in banned { #expect(!line.contains(word), "\(file):\(index + 1) has \(word)") }
            }
        }
    }

    @Test("The engine and the notifications get time, pauses and random numbers from their ports")
    func noPartReadsTheSystemsClock() throws {
        let banned = [
            "SystemRandomNumberGenerator", "Task.sleep", "ContinuousClock", "SuspendingClock", "clock_gettime",
            "Date()",
        ]
        for module in ["PrewarmEngine", "PrewarmNotifications"] {
            for (file, lines) in try Self.swiftFiles(below: "Sources/\(module)") {
                for (index, line) in lines.enumerated() {
                    for word in banned { #expect(!line.contains(word), "\(file):\(index + 1) has \(word)") }
                }
            }
        }
    }

    @Test("A source file has at most 400 lines and is not a placeholder")
    func aFileHasOneSubject() throws {
        for (file, lines) in try Self.swiftFiles(below: "Sources") {
            #expect(lines.count <= 400, "\(file) has \(lines.count) lines")
            #expect(!file.hasSuffix("Placeholder.swift"), "\(file) is a placeholder")
        }
    }

    @Test("The top level contains only the files and folders of the design")
    func theTopLevelHoldsWhatTheDesignSays() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.root.path)
            .filter { !$0.hasPrefix(".") && $0 != "Package.resolved" }
        #expect(Set(names) == ["Package.swift", "README.md", "Sources", "Tests", "examples", "schemas"])
    }

    /// Returns the path and the lines of each Swift file below a path.
    private static func swiftFiles(below path: String) throws -> [(String, [Substring])] {
        let folder = root.appending(path: path)
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        return try names.sorted().map { name in
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            return ("\(path)/\(name)", text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    /// Returns the module that a line imports. Nil if the line is not an import.
    private static func importedModule(_ line: Substring) -> String? {
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "import"), index <= 2, words.indices.contains(index + 1),
            words[..<index].allSatisfy({
                ["package", "public", "internal", "private", "@testable", "@preconcurrency"].contains($0)
            })
        else { return nil }
        return String(words[index + 1])
    }
}
