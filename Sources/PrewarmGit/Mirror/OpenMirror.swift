/// A mirror that stays open between passes, because opening it takes ten times as long as finding a commit in it.
///
/// Packs are mapped into memory. If a pack is truncated while it is open, the next read ends the process with SIGBUS.
/// So an open mirror is used again only if its files are unchanged.
struct OpenMirror: ~Copyable, Sendable {
    let repository: Repository
    /// The stamps of the mirror's files from before it was opened.
    private let stamps: [(path: String, stamp: FileStamp?)]

    init(_ directory: MirrorDirectory) throws(LibGit2Error) {
        stamps = directory.filesOfObjects.map { ($0, FileStamp($0)) }
        repository = try Repository(bare: directory.repository)
    }

    /// True if the mirror's files have not changed since it was opened.
    var isUntouched: Bool { stamps.allSatisfy { FileStamp($0.path) == $0.stamp } }
}
