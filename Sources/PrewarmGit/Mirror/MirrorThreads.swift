import PrewarmEngine
import Synchronization

/// The two threads of a mirror's directory, and the open repository that they share. All calls of libgit2 for the
/// mirror, and all access to its files and its remote, are jobs of these threads.
///
/// An open repository is a `~Copyable` value that is either in the slot or belongs to one job. So libgit2 is never
/// called twice at the same time with one handle. Two handles of one directory on two threads are allowed
/// (https://github.com/libgit2/libgit2/blob/v1.5.1/docs/threading.md). All mirrors of one directory, for example those
/// of an old and a new configuration, have the same threads.
final class MirrorThreads: Sendable {
    /// The queue of jobs that may wait for the remote or change the mirror.
    let remote: PassQueue
    /// The queue of jobs that only read the mirror, and never wait for the remote.
    let local: PassQueue
    private let slot = Mutex<Slot>(Slot())

    /// The repository that the last job left open.
    private struct Slot: ~Copyable {
        var idle: OpenMirror?
    }

    private final class Reference {
        weak var threads: MirrorThreads?
    }

    /// The threads by directory.
    private static let all = Mutex<[String: Reference]>([:])

    private init(_ name: String) {
        remote = PassQueue("the repository of source \(name)")
        local = PassQueue("the mirror of source \(name)")
    }

    /// Returns the threads of a directory. They end when the directory has no mirrors and no job runs.
    /// - Parameter name: the name of the source, for messages.
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

    /// Stops the program if the caller is not a job of one of the two threads, in release builds, too.
    func checkIsCurrent() {
        precondition(remote.isCurrent || local.isCurrent, "libgit2 was called from outside the mirror's threads")
    }

    /// Runs `body` with the mirror's repository, which belongs to the caller meanwhile.
    ///
    /// libgit2 shares open packs between handles. So an idle handle whose packs have changed is closed before another
    /// is opened. If `body` throws, its handle is closed, too.
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

    /// Keeps the repository open for the next job. If the other thread has kept one meanwhile, that one is closed.
    private func keep(_ mirror: consuming OpenMirror) {
        var mirror: OpenMirror? = consume mirror
        let other = slot.withLock { slot in
            let other = slot.idle.take()
            slot.idle = mirror.take()
            return other
        }
        _ = consume other
    }

    /// Closes the idle repository, before the mirror is changed.
    func closeIdle() {
        checkIsCurrent()
        _ = takeIdle()
    }
}
