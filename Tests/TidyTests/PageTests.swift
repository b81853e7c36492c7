import Foundation
import Testing

/// The pages of the documentation lead somewhere: to pages, files, types and tests that exist.
@Suite("Links and names in the documentation")
struct PageTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let catalog = "Sources/prewarm/Documentation.docc"

    private static let pages: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: catalog).path)) ?? []
        return names.filter { $0.hasSuffix(".md") }.map { String($0.dropLast(3)) }.sorted()
    }()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test("Each link of a page leads to a page that exists", arguments: pages)
    func links(page: String) throws {
        let text = try Self.text("\(Self.catalog)/\(page).md")
        for link in text.matches(of: /<doc:([^>]+)>/) {
            #expect(Self.pages.contains(String(link.output.1)), "\(page).md links to \(link.output.1)")
        }
        // A relative link works in a forge and not on the site, so the pages have none.
        for link in text.matches(of: /\]\(([^)]+)\)/) {
            #expect(link.output.1.hasPrefix("https://"), "\(page).md links to \(link.output.1)")
        }
    }

    @Test("Each relative link of the README leads to a file that exists")
    func linksOfReadme() throws {
        let links = try Self.text("README.md").matches(of: /\]\(([^)]+)\)/).map(\.output.1)
        for link in links where !link.hasPrefix("https://") {
            let path = Self.root.appending(path: String(link)).path
            #expect(FileManager.default.fileExists(atPath: path), "README.md links to \(link)")
        }
        #expect(links.count { $0.hasPrefix(Self.catalog) } >= 8)
    }

    @Test("Each page is in the topics of a hub")
    func topics() throws {
        var listed: Set = ["prewarm"]
        for page in Self.pages {
            let text = try Self.text("\(Self.catalog)/\(page).md")
            guard let topics = text.firstRange(of: "\n## Topics\n") else { continue }
            for link in text[topics.upperBound...].matches(of: /\n- <doc:([^>]+)>/) {
                listed.insert(String(link.output.1))
            }
        }
        #expect(Set(Self.pages) == listed)
    }

    @Test("Each file, type and test that a page names exists", arguments: ["Concepts", "Architecture"])
    func names(page: String) throws {
        let names = Self.names(in: try Self.text("\(Self.catalog)/\(page).md"))
        let project = try ProjectNames(root: Self.root)
        for name in names { #expect(project.contains(name), "\(page).md names \(name)") }
        #expect(names.count >= 15, "\(names)")
    }

    @Test(
        "A name that does not exist is found",
        arguments: ["NoSuchTests", "PrewarmCore/NoSuchFolder", "NoSuch.swift", "Engine.noSuchFunction", "NoSuchType"])
    func missing(name: String) throws {
        #expect(Self.names(in: "Text, `\(name)`.") == [name])
        #expect(try !ProjectNames(root: Self.root).contains(name))
    }

    /// Returns the names of files, folders, types, functions and tests in the code of a text. Fields of manifests begin
    /// with a lower-case letter.
    private static func names(in text: String) -> [String] {
        let parts = text.components(separatedBy: "```").enumerated().filter { $0.offset.isMultiple(of: 2) }
        let code = parts.flatMap { $0.element.matches(of: /`([^`\n]+)`/).map { String($0.output.1) } }
        return code.flatMap { code -> [String] in
            let words = code.split(separator: " ").map(String.init)
            guard words.count > 1 else { return words }
            // Of a command, only the script and the test that it runs are names.
            return words.filter { $0.hasSuffix(".sh") || $0.hasSuffix("Tests") }
        }.filter { name in
            name.contains("/") || name.wholeMatch(of: /[A-Z][A-Za-z0-9]+(\.[a-z][A-Za-z]*)?/) != nil
        }
    }
}

/// The names of the files and declarations of the project.
private struct ProjectNames {
    private var paths: Set<String> = []
    private var declarations: Set<String> = []

    init(root: URL) throws {
        for folder in ["Sources", "Tests", "examples"] {
            let names = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
            for name in names where !name.contains("__pycache__") {
                paths.formUnion([name, "\(folder)/\(name)"])
                let parts = name.split(separator: "/")
                for count in 1..<max(parts.count, 2) { paths.insert(parts.suffix(count).joined(separator: "/")) }
                guard name.hasSuffix(".swift"), folder != "examples" else { continue }
                try declare(String(contentsOf: root.appending(path: "\(folder)/\(name)"), encoding: .utf8))
            }
        }
    }

    /// Adds the types of a file, and each of its functions and properties as a member of each of its types.
    private mutating func declare(_ text: String) {
        var types: [Substring] = []
        var members: [Substring] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 8)
            guard let index = words.firstIndex(where: { Self.keywords.contains($0) }), words.count > index + 1,
                !line.contains("//")
            else { continue }
            let name = words[index + 1].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            if Self.typeKeywords.contains(words[index]) { types.append(name) } else { members.append(name) }
        }
        for type in types {
            declarations.insert(String(type))
            for member in members { declarations.insert("\(type).\(member)") }
        }
    }

    private static let typeKeywords: Set<Substring> = ["struct", "enum", "class", "actor", "protocol", "extension"]
    private static let keywords = typeKeywords.union(["func", "var", "let"])

    func contains(_ name: String) -> Bool {
        paths.contains(name) || declarations.contains(name)
    }
}
