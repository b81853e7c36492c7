import PrewarmCore
import PrewarmEngine

/// The answer of a command to `list`: `{"workspaces": [{"id": "…", "state": "…"}]}`.
struct ListAnswer {
    /// The largest output in bytes: 32 MiB. An entry has about 100 bytes, so usually ``countLimit`` is reached first.
    static let sizeLimit = 1 << 25
    /// The largest number of workspaces.
    static let countLimit = 200_000
    /// The longest id in bytes. The longest known ids of providers are paths of about 200 bytes.
    private static let idLimit = 512

    /// The listed workspaces. A workspace that is listed twice occurs twice.
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
                message:
                    "invalid \"id\" in entry \(bad) of \"workspaces\": it must be a string of 1 to \(Self.idLimit) bytes"
            )
        }
        workspaces = list.workspaces
    }

    private struct List {
        var isThere = false
        var count = 0
        /// The number of the first entry without a usable id, counted from 1.
        var firstBad: Int?
        /// The workspaces, at most ``countLimit``.
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
    /// Reads an entry; nil if it has no usable id.
    fileprivate init?(_ entry: Value, idLimit: Int) {
        guard case .string(let id) = entry["id"], (1...idLimit).contains(id.utf8.count) else { return nil }
        self.init(
            id: WorkspaceID(id), state: entry.text("state"), message: entry.text("message"),
            store: entry.text("store"))
    }
}
