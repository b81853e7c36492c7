internal import CLibGit2

/// What a call of libgit2 answered, copied at once: the message belongs to the thread, and the next call changes it.
struct LibGit2Error: Error {
    let code: Int32
    let category: Int32
    let message: String
    /// The object is larger than any that is unpacked.
    var isTooLarge = false

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

/// Turns a negative answer into an error.
func check(_ code: Int32) throws(LibGit2Error) {
    if code < 0 { throw .last(code: code) }
}
