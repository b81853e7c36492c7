import Glibc
import PrewarmEngine

/// A temporary folder for the files that a tool reads. It is removed when the object is released.
final class SignatureFolder: Sendable {
    let path: String
    private let queue: PassQueue
    private let limit: Duration

    /// Creates the folder. Only a job of the queue may call it.
    /// - Parameters:
    ///   - parent: the directory that contains the folder; it is created if it is missing.
    ///   - queue: the queue that writes and removes files.
    ///   - limit: the time for each job of the queue.
    init(in parent: MirrorDirectory, _ queue: PassQueue, limit: Duration) throws(GitFailure) {
        self.queue = queue
        self.limit = limit
        try parent.makeDirectories()
        guard let path = makeTemporaryFolder("\(parent.path)/verify.XXXXXX") else {
            throw GitFailure(
                .fetchFailed,
                "cannot create a folder in \(parent.path): \(String(cString: strerror(errno)).lowercased())",
                hint: "check that the disk has free space, and that prewarm may write there")
        }
        self.path = path
    }

    deinit {
        let path = path
        queue.runLater(limit: limit) { removeTree(path) }
    }

    /// Removes the folder now, as a job of the queue.
    func remove() async {
        let path = path
        _ = await queue.run(limit: limit) { () -> Result<Void, GitFailure> in
            removeTree(path)
            return .success(())
        }
    }

    /// Writes a file as a job of the queue, and returns its path.
    func store(_ name: String, _ bytes: [UInt8]) async throws(GitFailure) -> String {
        try await queue.run(limit: limit) { [self] in
            Result { () throws(GitFailure) in try write(name, bytes) }
        }.get()
    }

    /// Writes a file, and returns its path. Only a job of the queue may call it.
    func write(_ name: String, _ bytes: [UInt8]) throws(GitFailure) -> String {
        let file = path + "/" + name
        guard let stream = fopen(file, "we") else { throw problem(file) }
        let count = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, stream) }
        guard fclose(stream) == 0, count == bytes.count else { throw problem(file) }
        return file
    }

    private func problem(_ file: String) -> GitFailure {
        GitFailure(
            .fetchFailed, "cannot write \(file): \(String(cString: strerror(errno)).lowercased())",
            hint: "check that the disk has free space, and that prewarm may write there")
    }
}
