import Glibc
import PrewarmEngine

/// A folder of its own for the files that a tool wants, gone with it.
final class SignatureFolder: Sendable {
    let path: String
    private let queue: PassQueue
    private let limit: Duration

    /// Only for a job of the queue.
    /// - Parameters:
    ///   - parent: it is made where it is missing.
    ///   - queue: where files are written, and the time that this may take.
    init(in parent: MirrorDirectory, _ queue: PassQueue, limit: Duration) throws(GitFailure) {
        self.queue = queue
        self.limit = limit
        try parent.makeDirectories()
        var name = Array("\(parent.path)/verify.XXXXXX".utf8CString)
        let isMade = name.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        guard isMade else {
            throw GitFailure(
                .fetchFailed, "can't make a folder in \(parent.path): \(String(cString: strerror(errno)).lowercased())")
        }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        let path = path
        queue.runLater(limit: limit) { MirrorDirectory.removeTree(path) }
    }

    /// Removes the folder now, as a job of the queue.
    func remove() async {
        let path = path
        _ = await queue.run(limit: limit) { () -> Result<Void, GitFailure> in
            MirrorDirectory.removeTree(path)
            return .success(())
        }
    }

    /// Writes a file as a job of the queue, and returns its path.
    func store(_ name: String, _ bytes: [UInt8]) async throws(GitFailure) -> String {
        try await queue.run(limit: limit) { [self] in
            Result { () throws(GitFailure) in try write(name, bytes) }
        }.get()
    }

    /// Returns the path of the file. Only for a job of the queue.
    func write(_ name: String, _ bytes: [UInt8]) throws(GitFailure) -> String {
        let file = path + "/" + name
        guard let stream = fopen(file, "we") else { throw problem(file) }
        let count = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, stream) }
        guard fclose(stream) == 0, count == bytes.count else { throw problem(file) }
        return file
    }

    private func problem(_ file: String) -> GitFailure {
        GitFailure(.fetchFailed, "can't write \(file): \(String(cString: strerror(errno)).lowercased())")
    }
}
