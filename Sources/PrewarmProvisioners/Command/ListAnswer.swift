import PrewarmCore
import PrewarmEngine

/// What a command that exited with 0 answers to `list`: `{"workspaces": [{"id": "…", "state": "…"}]}`.
struct ListAnswer {
    /// The number of bytes that may be printed. An entry has some 100, so it is no limit before ``countLimit``.
    static let sizeLimit = 1 << 25
    static let countLimit = 200_000
    /// In bytes. The longest ids that providers are known to give are paths of some 200.
    private static let idLimit = 512

    /// A workspace that is named twice is there twice.
    let workspaces: [ListedWorkspace]

    init(_ output: [UInt8]) throws(FinalObject.Failure) {
        let list = try FinalObject(output).read { (bytes, start) throws(JSONReader.Failure) in
            try List(bytes, from: start)
        }
        guard list.isThere else { throw FinalObject.Failure(message: #"the answer has no list "workspaces""#) }
        guard list.count <= Self.countLimit else {
            throw FinalObject.Failure(
                message: "the answer lists \(list.count) workspaces, more than the limit of \(Self.countLimit)")
        }
        if let bad = list.firstBad {
            throw FinalObject.Failure(
                message: "entry \(bad) of \"workspaces\" has no \"id\" that is text of 1 to \(Self.idLimit) bytes")
        }
        workspaces = list.workspaces
    }

    private struct List {
        var isThere = false
        var count = 0
        /// From 1.
        var firstBad: Int?
        /// At most ``countLimit``.
        var workspaces: [ListedWorkspace] = []

        init(_ bytes: [UInt8], from start: Int) throws(JSONReader.Failure) {
            let options = JSONReader.Options(depthLimit: FinalObject.depthLimit)
            isThere = try JSONReader.read(bytes, from: start, options, elementsOf: "workspaces") { note($0) }
        }

        private mutating func note(_ entry: Value) {
            count += 1
            guard count <= ListAnswer.countLimit else { return }
            if let workspace = ListedWorkspace(entry, idLimit: ListAnswer.idLimit) {
                workspaces.append(workspace)
            } else {
                firstBad = firstBad ?? count
            }
        }
    }
}

extension ListedWorkspace {
    /// Nil where the entry has no usable id.
    fileprivate init?(_ entry: Value, idLimit: Int) {
        guard case .string(let id) = entry["id"], (1...idLimit).contains(id.utf8.count) else { return nil }
        self.init(id: WorkspaceID(id), state: entry.text("state"), store: entry.text("store"))
    }
}
