internal import CLibGit2

/// The error of a libgit2 call. It is copied at once, because the message belongs to the thread and the next call
/// overwrites it.
struct LibGit2Error: Error {
    let code: Int32
    let category: Int32
    let message: String
    /// True if an object exceeds the size limits, so that it was not unpacked.
    var isTooLarge = false

    /// Returns the error of the last call on this thread.
    static func last(code: Int32) -> LibGit2Error {
        let isTooLarge = prewarm_git_was_refused_memory() != 0
        guard let error = git_error_last(), let text = error.pointee.message else {
            return LibGit2Error(code: code, category: 0, message: "error \(code)", isTooLarge: isTooLarge)
        }
        return LibGit2Error(
            code: code, category: error.pointee.klass, message: String(cString: text), isTooLarge: isTooLarge)
    }

    var isNotFound: Bool { code == GIT_ENOTFOUND.rawValue }
}

/// Throws the last error of the thread if a return code is negative.
func check(_ code: Int32) throws(LibGit2Error) {
    if code < 0 { throw .last(code: code) }
}
