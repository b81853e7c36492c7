import PrewarmEngine
import Synchronization

/// The two threads of a mirror's directory, and the open repository that they share. Everything that libgit2 does for
/// the mirror, and everything that touches its files or the remote, is a job of one of the two.
///
/// The rule that keeps libgit2 from being entered twice with one handle: an open repository is a `~Copyable` value, which
/// is in the slot or belongs to one job. Two handles of one directory on two threads are what libgit2 allows
/// (https://github.com/libgit2/libgit2/blob/v1.5.1/docs/threading.md). All mirrors of one directory, as those of an
/// old and a new configuration, have the same threads.
final class MirrorThreads: Sendable {
    /// For what may wait for the remote, and for what changes the mirror.
    let remote: PassQueue
    /// For reading what is in the mirror already, which waits for no remote.
    let local: PassQueue
    private let slot = Mutex<Slot>(Slot())

    /// The repository that the last job left open.
    private struct Slot: ~Copyable {
        var idle: OpenMirror?
    }

    private final class Reference {
        weak var threads: MirrorThreads?
    }

    private static let all = Mutex<[String: Reference]>([:])

    private init(_ name: String) {
        remote = PassQueue("the repository of source \(name)")
        local = PassQueue("the mirror of source \(name)")
    }

    /// Those of a directory. They end when no mirror of it is left and no job runs.
    /// - Parameter name: of the source, for messages.
    static func of(directory: String, name: String) -> MirrorThreads {
        all.withLock { all in
            all = all.filter { $0.value.threads != nil }
            if let threads = all[directory]?.threads { return threads }
            let (threads, reference) = (MirrorThreads(name), Reference())
            reference.threads = threads
            all[directory] = reference
            return threads
        }
    }

    /// Traps where the caller is not a job of one of the two threads, in release builds as well.
    func checkIsCurrent() {
        precondition(remote.isCurrent || local.isCurrent, "libgit2 was entered from outside the mirror's threads")
    }

    /// Runs the body with the mirror's repository, which belongs to the caller meanwhile.
    ///
    /// Packs are shared by all handles that have them open, so none may be opened while an idle one has packs open that
    /// were touched since. What fails, fails in a handle that is not used again.
    func withRepository<Value>(
        of directory: MirrorDirectory, _ body: (borrowing Repository) throws(LibGit2Error) -> Value
    ) throws(LibGit2Error) -> Value {
        checkIsCurrent()
        let mirror = try takeRepository(of: directory)
        let value = try body(mirror.repository)
        keep(mirror)
        return value
    }

    private func takeRepository(of directory: MirrorDirectory) throws(LibGit2Error) -> OpenMirror {
        if let idle = takeIdle(), idle.isUntouched { return idle }
        return try OpenMirror(directory)
    }

    private func takeIdle() -> OpenMirror? { slot.withLock { $0.idle.take() } }

    /// Where the other thread has left one meanwhile, that one is closed.
    private func keep(_ mirror: consuming OpenMirror) {
        var mirror: OpenMirror? = consume mirror
        let other = slot.withLock { slot in
            let other = slot.idle.take()
            slot.idle = mirror.take()
            return other
        }
        _ = consume other
    }

    /// Closes the repository that no job uses, before the mirror is changed.
    func closeIdle() {
        checkIsCurrent()
        _ = takeIdle()
    }
}
