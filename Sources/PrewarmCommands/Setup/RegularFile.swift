import SystemPackage

/// Reads regular files that users name. Other files are refused, because a read of a pipe, a socket or a device can wait
/// for ever.
enum RegularFile {
    /// The error for a file that is larger than the limit of the caller.
    struct TooLarge: Error {}

    /// Returns the bytes of a file.
    /// - Throws: ``CommandFailure`` if the file cannot be read; ``TooLarge`` if it has more than `limit` bytes.
    static func bytes(_ path: String, limit: Int) throws -> [UInt8] {
        try bytes(FilePath(path), shownAs: path, limit: limit)
    }

    /// Returns the bytes of a document that a command of prewarm writes, and that may have 1 GiB.
    /// - Parameters:
    ///   - name: what the file is, for the error. For example, `the plan`.
    ///   - command: the command that writes such a file, for the hint.
    /// - Throws: ``CommandFailure`` if the file cannot be read or is too large.
    static func document(_ path: String, called name: String, writtenBy command: String) throws -> [UInt8] {
        do {
            return try bytes(
                FilePath(path), shownAs: "\(name) \(path)", limit: 1 << 30, hint: "write it with `\(command)`")
        } catch is TooLarge {
            throw CommandFailure("cannot read \(name) \(path): it has more than 1 GiB", code: .invalid)
        }
    }

    /// Returns the bytes of a file whose path may be no UTF-8.
    /// - Parameters:
    ///   - name: The path, or what the file is, in error messages.
    ///   - hint: The hint of the error if the file does not exist or is not readable.
    static func bytes(
        _ filePath: FilePath, shownAs name: String, limit: Int, hint: String = "check the path and its permissions"
    ) throws -> [UInt8] {
        let file: FileDescriptor
        do {
            // `nonBlocking` lets a pipe without a writer open at once.
            file = try FileDescriptor.open(filePath, .readOnly, options: [.nonBlocking, .closeOnExec])
        } catch {
            throw CommandFailure("cannot read \(name): \(error)", hint: hint, code: .invalid)
        }
        return try file.closeAfter {
            guard let status = try? file.stat(), status.type == .regular else {
                throw CommandFailure(
                    "cannot read \(name): it is not a regular file", hint: "name a regular file", code: .invalid)
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
                throw CommandFailure("cannot read \(name): \(error)", hint: "check the file", code: .invalid)
            }
        }
    }
}
