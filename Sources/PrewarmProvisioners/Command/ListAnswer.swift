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
        if let problem = list.problem { throw FinalObject.Failure(message: problem) }
        workspaces = list.workspaces
    }

    private struct List {
        var isThere = false
        var count = 0
        /// The message about the first invalid entry; nil if all entries are valid. Entries are counted from 1.
        var problem: String?
        /// The workspaces, at most ``countLimit``.
        var workspaces: [ListedWorkspace] = []

        init(_ bytes: [UInt8], from start: Int) throws(JSONReader.Failure) {
            let options = JSONReader.Options(depthLimit: FinalObject.depthLimit)
            isThere = try JSONReader.read(bytes, from: start, options, elementsOf: "workspaces") { note($0) }
        }

        private mutating func note(_ entry: Value) {
            count += 1
            guard count <= ListAnswer.countLimit else { return }
            do throws(ListedWorkspace.BadMember) {
                workspaces.append(try ListedWorkspace(entry, idLimit: ListAnswer.idLimit))
            } catch {
                problem =
                    problem
                    ?? "invalid \"\(error.name)\" in entry \(count) of \"workspaces\": it must be \(error.expectation)"
            }
        }
    }
}

extension ListedWorkspace {
    /// An invalid member of an entry.
    fileprivate struct BadMember: Error {
        let name: String
        let expectation: String
    }

    fileprivate init(_ entry: Value, idLimit: Int) throws(BadMember) {
        guard case .string(let id) = entry["id"], (1...idLimit).contains(id.utf8.count) else {
            throw BadMember(name: "id", expectation: "a string of 1 to \(idLimit) bytes")
        }
        let activeAt: Timestamp?
        do { activeAt = try Answer.activeAt(entry["activeAt"]) } catch {
            throw BadMember(name: "activeAt", expectation: Answer.timeExpectation)
        }
        self.init(
            id: WorkspaceID(id), state: entry.text("state"), message: entry.text("message"),
            store: entry.text("store"), activeAt: activeAt)
    }
}
