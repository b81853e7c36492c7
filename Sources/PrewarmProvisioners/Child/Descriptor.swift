import Glibc
import Synchronization

/// A file descriptor with one owner: closed once, at the latest when the last reference is gone.
final class Descriptor: Sendable {
    private let open: Mutex<Int32>

    init(_ raw: Int32) {
        open = Mutex(raw)
    }

    deinit {
        close()
    }

    /// -1 once it is closed, which `poll` passes over.
    var raw: Int32 { open.withLock { $0 } }

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

/// Both ends of a pipe, close-on-exec.
///
/// `pipe2` is not in the Glibc module. What could be inherited between the two calls is not: children close everything
/// from 3 upwards, and nothing else here starts processes.
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

    /// Nothing is wrong with the provisioner: this machine is short of processes, memory or descriptors just now, its
    /// disk fails, or the command's file is being written.
    var isTransient: Bool {
        [EAGAIN, ENOMEM, EMFILE, ENFILE, ETXTBSY, EINTR, EIO].contains(number)
    }

    var description: String { String(cString: strerror(number)) }
}
