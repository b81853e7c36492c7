import Foundation
import Testing

/// A page of the documentation: the README, or a page of the catalog.
struct GuidePage: Sendable, CustomTestStringConvertible {
    /// A block between fences.
    struct Block: Sendable {
        /// The text after the opening fence, for example `console` or `yaml fragment`.
        let kind: String
        /// The number of lines before the body, which is also the number of the line with the opening fence.
        let line: Int
        let body: [String]
    }

    /// The path of the page from the root of the repository.
    let path: String
    let text: String

    var testDescription: String { path }

    /// True if the commands of the page need a container engine. The socket of the real one appears as Podman's usual one.
    var needsPodman: Bool { path.hasSuffix("/Containers.md") }

    /// True if the commands of the page need bubblewrap, an SSH server and the examples of the repository.
    var needsExamples: Bool { path.hasSuffix("/ProvisionerExamples.md") }

    /// True if the commands of the page need a Kubernetes cluster, whose login is in the usual file.
    var needsCluster: Bool { path.hasSuffix("/Kubernetes.md") }

    /// The folder that stands for the working directory of the page.
    var home: String { path.hasSuffix("README.md") ? "/home/ada" : "/home/ada/pools" }

    var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

    var blocks: [Block] {
        var blocks: [Block] = []
        var open: (kind: String, line: Int)?
        let lines = lines
        for (index, line) in lines.enumerated() where line.hasPrefix("```") {
            if let block = open {
                blocks.append(Block(kind: block.kind, line: block.line, body: Array(lines[block.line..<index])))
                open = nil
            } else {
                open = (String(line.dropFirst(3)), index + 1)
            }
        }
        return blocks
    }

    func blocks(_ kind: String) -> [Block] { blocks.filter { $0.kind == kind } }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static let catalog = "Sources/prewarm/Documentation.docc"

    /// The README and all pages of the catalog.
    static let all: [GuidePage] = {
        let folder = root.appending(path: catalog).path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let pages = names.filter { $0.hasSuffix(".md") }.sorted().map { "\(catalog)/\($0)" }
        return (["README.md"] + pages).map { path in
            let data = (try? Data(contentsOf: root.appending(path: path))) ?? Data()
            return GuidePage(path: path, text: String(decoding: data, as: UTF8.self))
        }
    }()

    static func with(_ kind: String) -> [GuidePage] { all.filter { !$0.blocks(kind).isEmpty } }

    /// True if the pages should be rewritten with the real output instead of compared.
    static var isUpdated: Bool { ProcessInfo.processInfo.environment["PREWARM_UPDATE_GOLDEN"] == "1" }
}
