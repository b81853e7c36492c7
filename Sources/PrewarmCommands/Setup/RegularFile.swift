import SystemPackage

/// Reads files that users name. A pipe, a socket or a device could keep the program waiting for ever: only regular files
/// are read, and none is waited for.
enum RegularFile {
    /// A file has more bytes than a caller takes.
    struct TooLarge: Error {}

    /// Returns the bytes of a file.
    /// - Throws: ``CommandFailure``; ``TooLarge`` beyond `limit` bytes.
    static func bytes(_ path: String, limit: Int) throws -> [UInt8] {
        let file: FileDescriptor
        do {
            // A pipe that nobody writes to opens at once.
            file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch {
            throw CommandFailure("cannot read \(path): \(error)", hint: "check the path and its permissions")
        }
        return try file.closeAfter {
            guard let status = try? file.stat(), status.type == .regular else {
                throw CommandFailure("cannot read \(path): it is not a regular file", hint: "name a regular file")
            }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(min(Int(status.size), limit) + 1)
            do {
                while true {
                    let more = try [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    if more.isEmpty { return bytes }
                    bytes += more
                    guard bytes.count <= limit else { throw TooLarge() }
                }
            } catch let error as Errno {
                throw CommandFailure("cannot read \(path): \(error)", hint: "check the file")
            }
        }
    }
}
