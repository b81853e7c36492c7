import Foundation
import Glibc
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmServer
import SystemPackage

/// The file with the contexts of the user: `prewarm/contexts.yaml` below `XDG_CONFIG_HOME` (default: `~/.config`). It has
/// tokens, so only its user may read it.
struct ContextFile {
    /// The absolute path of the file.
    let path: String

    /// Finds the file. It need not exist.
    /// - Throws: ``CommandFailure`` if neither `XDG_CONFIG_HOME` nor `HOME` is an absolute path.
    init() throws(CommandFailure) {
        guard let path = Self.usualPath else {
            throw CommandFailure(
                "cannot find the folder of your configuration: neither XDG_CONFIG_HOME nor HOME is an absolute path",
                hint: "set HOME to your home folder")
        }
        self.path = path
    }

    private static var usualPath: String? {
        // The specification of XDG ignores relative paths.
        let folder = Environment.value("XDG_CONFIG_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (folder ?? Environment.home.map { $0 + "/.config" }).map { $0 + "/prewarm/contexts.yaml" }
    }

    /// Returns the contexts; no contexts if the file does not exist or has no place.
    /// - Throws: ``CommandFailure`` if the file exists and cannot be used.
    static func contexts() throws -> UserContexts {
        guard usualPath != nil else { return UserContexts() }
        return try ContextFile().read()
    }

    /// Returns the contexts; no contexts if the file does not exist.
    /// - Throws: ``CommandFailure`` if the file cannot be read, is not private to the user, or has errors.
    func read() throws -> UserContexts {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw failure("read", String(cString: strerror(errno))) }
            return UserContexts()
        }
        guard status.st_uid == geteuid() else {
            throw failure(
                "use", "it belongs to the user \(LocalTokenFile.name(ofUser: status.st_uid))",
                hint: "run the command as this user, or set XDG_CONFIG_HOME to a folder of your own")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw failure(
                "use", "its mode is 0\(mode), so other users have access to the tokens", hint: "run `chmod 600 \(path)`"
            )
        }
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.bytes(path, limit: ContextParser.sizeLimit)
        } catch is RegularFile.TooLarge {
            throw failure("use", "it has more than \(ContextParser.sizeLimit >> 10) KiB")
        }
        let (contexts, problems) = ContextParser.parse(bytes, file: path)
        guard let contexts else {
            var failure = failure(
                "use", "it has \(counted(problems.count, "error")):",
                hint: "correct the file, or remove it and log in again: `prewarm login URL`")
            failure.listed = problems
            throw failure
        }
        return contexts
    }

    /// Changes the contexts in the file as one step. Another process that does so at the same time waits.
    /// - Throws: ``CommandFailure`` if the file cannot be used or written; the error of the change.
    func change<Result>(_ change: (inout UserContexts) throws -> Result) throws -> Result {
        let folder = FilePath(path).removingLastComponent().string
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw failure("write", error.localizedDescription, hint: "check the permissions of \(folder)")
        }
        let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw failure("write", String(cString: strerror(errno))) }
        defer { close(lock) }
        flock(lock, LOCK_EX)
        var contexts = try read()
        let result = try change(&contexts)
        let text = contexts.text
        // A file that a later command could not read is not written.
        let (_, problems) = ContextParser.parse(Array(text.utf8), file: path)
        guard text.utf8.count <= ContextParser.sizeLimit, problems.isEmpty else {
            throw failure(
                "write", problems.first?.message ?? "they would have more than \(ContextParser.sizeLimit >> 10) KiB",
                hint: "shorten the URL, or delete contexts: `prewarm context delete NAME`")
        }
        try write(text)
        return result
    }

    /// Replaces the file by a rename, so that a reader finds the old or the new one. A link stays a link.
    private func write(_ text: String) throws {
        var target = path
        if let real = realpath(path, nil) {
            target = String(cString: real)
            free(real)
        }
        let new = target + ".new"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("write", String(cString: strerror(errno))) }
        var isWritten = false
        defer { if !isWritten { unlink(new) } }
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.closeAfter { _ = try file.writeAll(text.utf8) }
        } catch {
            throw failure("write", "\(error)")
        }
        guard rename(new, target) == 0 else { throw failure("write", String(cString: strerror(errno))) }
        isWritten = true
    }

    private func failure(_ verb: String, _ cause: String, hint: String? = nil) -> CommandFailure {
        CommandFailure(
            "cannot \(verb) your contexts in \(path): \(cause)",
            hint: hint ?? "check the file; for this machine, use `--context \(UserContexts.local)`")
    }
}

extension UserContexts {
    /// The content of the file.
    fileprivate var text: String {
        let contexts = all.map { context in
            Value.object(known: [
                "name": .string(context.name), "server": .string(context.server),
                "token": context.token.map { .string($0) }, "caFile": context.caFile.map { .string($0) },
            ])
        }
        return Value.object(known: [
            "apiVersion": "prewarm/v1", "kind": "Contexts", "current": current.map { .string($0) },
            "contexts": .array(contexts),
        ]).yaml
    }

    /// Returns the context of a name.
    /// - Throws: ``CommandFailure`` if no context has the name.
    func named(_ name: String) throws(CommandFailure) -> Context {
        if let context = self[name] { return context }
        let names = all.map(\.name) + [Self.local]
        throw CommandFailure(
            "cannot find the context \"\(name.printable.limited(to: 100))\"",
            hint: names.closest(to: name).map { "did you mean \"\($0)\"?" }
                ?? (all.isEmpty ? "log in to a daemon: `prewarm login URL`" : "use one of \(names.summary)"))
    }
}
