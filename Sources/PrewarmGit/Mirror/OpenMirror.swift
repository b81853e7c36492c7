/// A mirror that stays open from one pass to the next: to open it takes ten times as long as to look a commit up in it.
///
/// Packs are mapped into memory, and one that somebody cuts off while it is open ends the process at the next look. So
/// it is looked into again only where nobody has touched it.
struct OpenMirror: ~Copyable, Sendable {
    let repository: Repository
    /// Taken before it was opened.
    private let stamps: [(path: String, stamp: FileStamp?)]

    init(_ directory: MirrorDirectory) throws(LibGit2Error) {
        stamps = directory.filesOfObjects.map { ($0, FileStamp($0)) }
        repository = try Repository(bare: directory.repository)
    }

    var isUntouched: Bool { stamps.allSatisfy { FileStamp($0.path) == $0.stamp } }
}
