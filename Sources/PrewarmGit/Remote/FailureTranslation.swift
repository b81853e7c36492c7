internal import CLibGit2
import Glibc
import PrewarmEngine

/// Translates a failed call to a remote into an error for the operator.
///
/// The causes are examined in this order: what ended the pass, what the transport found, and libgit2's error. The text of
/// libgit2's error is examined only if its code and category do not identify the cause.
struct FailureTranslation {
    let settings: GitSettings
    let url: RepositoryURL
    /// The verb phrase before the URL in messages: `fetch from`.
    let operation: String
    let watch: Watch
    let context: PassContext
    let redaction: Redaction

    func failure(of error: LibGit2Error) -> GitFailure {
        if let failure = watch.failure() ?? limitFailure() { return failure }
        if let failure = context.transport?.failure(of: operation) { return failure }
        if error.isTooLarge { return .objectTooLarge(in: url) }
        if let failure = impossible(error) { return failure }
        return watch.wasClosed && !error.message.contains("ERR ") ? closed() : notARepositoryOrOther(error)
    }

    private func limitFailure() -> GitFailure? {
        guard context.isPackTooLarge else { return nil }
        return GitFailure(
            .tooLarge,
            "cannot \(operation) \(url.display): the pack is larger than \(settings.limits.packSize.sizeText)",
            hint: "raise `maxPackSize` of source \(settings.name), or move the manifests to a repository of their own")
    }

    /// Returns a failure if the server needs a feature that this libgit2 does not have.
    private func impossible(_ error: LibGit2Error) -> GitFailure? {
        let message = error.message.lowercased()
        if ["objectformat", "object format", "object-format"].contains(where: message.contains) {
            return GitFailure(
                .refused, "cannot \(operation) \(url.display): it is a repository of SHA-256 objects",
                hint: GitLibrary.limit)
        }
        if message.contains("parsing ref pkt-line") {
            return GitFailure(
                .refused,
                "cannot \(operation) \(url.display): its references are unreadable. It may be a SHA-256 repository",
                hint: GitLibrary.limit)
        }
        return nil
    }

    private func notARepositoryOrOther(_ error: LibGit2Error) -> GitFailure {
        let message = error.message.lowercased()
        if message.contains("early eof") || message.contains("zlib") {
            return GitFailure(
                .unreachable,
                "cannot \(operation) \(url.display): the data was cut off or damaged: "
                    + redaction.clean(error.message),
                hint: "wait for the next try. If the error stays, run `git fsck` in the repository on the server")
        }
        let isMissing =
            error.isNotFound || message.contains("not found") || message.contains("not exist")
            || url.scheme == .file
                && (message.contains("not a directory") || message.contains("failed to resolve path"))
        if let path = url.path, isMissing || UInt32(bitPattern: error.category) == GIT_ERROR_REPOSITORY.rawValue {
            return failure(ofRepositoryAt: path)
        }
        if error.code == GIT_EEOF.rawValue || isMissing {
            return GitFailure(
                .notARepository,
                "cannot \(operation) \(url.display): the server sent no repository: \(redaction.clean(error.message))",
                hint: "check the URL, and that the credentials of source \(settings.name) may read the repository")
        }
        return other(.fetchFailed, error)
    }

    private func failure(ofRepositoryAt path: String) -> GitFailure {
        if let repository = LocalRepository(path) {
            if let failure = repository.incapacity { return failure }
            return GitFailure(
                .fetchFailed,
                "cannot read the git repository \(path): one of its references leads to a missing object, or its files "
                    + "are not readable",
                hint: "find the reference with `git -C \(path) for-each-ref`. If the default branch of its remote was "
                    + "renamed, run `git -C \(path) remote set-head origin --auto`")
        }
        if [path, "\(path)/.git", "\(path)/HEAD"].contains(where: isForbidden) {
            return GitFailure(
                .fetchFailed, "cannot read \(path): permission denied",
                hint: "give the user that prewarm runs as permission to read all files in \(path)")
        }
        return GitFailure(
            .notARepository, "cannot find a git repository at \(path)", hint: hint(ofFolderAt: path))
    }

    /// Returns the hint for a path that is not a repository.
    private func hint(ofFolderAt path: String) -> String {
        var status = stat()
        // A mirror means that the folder was a repository before: a new one would lack its history.
        guard access(settings.mirror, F_OK) != 0, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return "check the URL of source \(settings.name)"
        }
        let parts = path.split(separator: "/")
        for count in stride(from: parts.count - 1, to: 0, by: -1) {
            let parent = "/" + parts[..<count].joined(separator: "/")
            guard LocalRepository(parent) != nil else { continue }
            return "the folder is in the repository \(parent): set `url: \(parent)` and "
                + "`path: \(parts[count...].joined(separator: "/"))` of source \(settings.name)"
        }
        return "make the folder a repository: `cd \(path) && git init -b main && git add . && "
            + "git commit -m \"Add the pools\"`"
    }

    private func isForbidden(_ path: String) -> Bool { access(path, R_OK) != 0 && errno == EACCES }

    private func closed() -> GitFailure {
        GitFailure(.unreachable, "cannot \(operation) \(url.display): the server closed the connection early")
    }

    private func other(_ reason: GitFailure.Reason, _ error: LibGit2Error) -> GitFailure {
        GitFailure(reason, "cannot \(operation) \(url.display): \(redaction.clean(error.message))")
    }
}

extension GitFailure {
    /// Returns the failure for a repository without commits.
    /// - Parameter what: The beginning of the message, for example `cannot resolve the ref`.
    static func empty(_ what: String, _ url: RepositoryURL) -> GitFailure {
        // A work tree gets its commits in place, and any other repository gets them by a push.
        let isWorkTree = url.path.map { access("\($0)/.git", F_OK) == 0 } ?? false
        return GitFailure(
            .empty, "\(what): the repository has no commit yet",
            hint: isWorkTree
                ? "commit the manifests: `cd \(url.display) && git add . && git commit -m \"Add the pools\"`"
                : "push a commit")
    }

    /// Returns the failure for an object that exceeds the size limits of git objects.
    static func objectTooLarge(in url: RepositoryURL) -> GitFailure {
        GitFailure(
            .tooLarge, "cannot read \(url.display): it has an object that is too large",
            hint: "move the manifests to a repository of their own. The limits are 100 MiB for a file, 64 MiB for a "
                + "folder, and 16 MiB for a commit or tag")
    }
}

extension UInt64 {
    /// The number of bytes with a unit and at most one decimal, which is rounded down: `512 MiB`, `1.5 GiB`.
    var sizeText: String {
        for (unit, shift) in [("GiB", UInt64(30)), ("MiB", 20), ("KiB", 10)] where self >= 1 << shift {
            let tenths = ((self >> (shift - 4)) * 10) >> 4
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(self) bytes"
    }
}
