import Glibc
import PrewarmEngine

/// A folder of its own for the files that a tool wants, gone with it.
final class SignatureFolder: Sendable {
    let path: String

    /// - Parameter parent: it is made where it is missing.
    init(in parent: MirrorDirectory) throws(GitFailure) {
        try parent.makeDirectories()
        var name = Array("\(parent.path)/verify.XXXXXX".utf8CString)
        let isMade = name.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
        guard isMade else {
            throw GitFailure(
                .fetchFailed, "can't make a folder in \(parent.path): \(String(cString: strerror(errno)).lowercased())")
        }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { MirrorDirectory.removeTree(path) }

    /// Returns the path of the file.
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
