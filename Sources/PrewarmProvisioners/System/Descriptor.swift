import Glibc
import Synchronization

/// A file descriptor with one owner. It is closed once, at the latest when the object is freed.
final class Descriptor: Sendable {
    private let open: Mutex<Int32>

    init(_ raw: Int32) {
        open = Mutex(raw)
    }

    deinit {
        close()
    }

    /// The number of the descriptor; -1 after it was closed. `poll` ignores -1.
    var raw: Int32 { open.withLock { $0 } }

    /// Closes the descriptor. Further calls have no effect.
    func close() {
        let raw = open.withLock { raw in
            defer { raw = -1 }
            return raw
        }
        if raw >= 0 { _ = Glibc.close(raw) }
    }

    func setNonBlocking() {
        _ = fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK)
    }
}

/// Both ends of a pipe, with close-on-exec.
///
/// The Glibc module lacks `pipe2`, so the flag is set by a second call. A child that starts between the two calls does not
/// inherit the ends, because children close all descriptors above 2.
struct Pipe {
    let reading: Descriptor
    let writing: Descriptor

    init() throws(SystemFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemFailure(errno) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        reading = Descriptor(ends[0])
        writing = Descriptor(ends[1])
    }
}

/// The error number of a system call, with its text.
struct SystemFailure: Error, Hashable, Sendable, CustomStringConvertible {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    /// True if the failure is not the fault of the provisioner and may pass. Examples are a lack of processes, memory or
    /// descriptors, an error of the disk, or a file that is being written.
    var isTransient: Bool {
        [EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY, EINTR, EIO].contains(number)
    }

    var description: String { String(cString: strerror(number)) }
}
