import Glibc

/// A regular file that is read whole if it is not larger than a limit.
enum BoundedFile {
    /// The reason why a file is not read, as the end of a sentence.
    struct Failure: Error, Hashable, Sendable {
        let message: String
    }

    /// Returns the bytes of a file. The call blocks.
    /// - Parameter limit: The largest size in bytes.
    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        // Without O_NONBLOCK, a named pipe would wait for a writer.
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else { throw Failure(message: SystemFailure(errno).description.lowercased()) }
        let file = Descriptor(raw)
        var status = stat()
        guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(message: "it is no regular file")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(file.raw, &buffer, buffer.count)
            guard count >= 0 else { throw Failure(message: SystemFailure(errno).description.lowercased()) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw Failure(message: "it has more than \(limit >> 10) KiB") }
        }
    }
}
