import Glibc
import PrewarmCore

/// The file of a configured command, and the check if it can be run.
struct CommandFile: Sendable {
    let provisioner: String
    /// The command in the configuration.
    let command: String
    let workingDirectory: String?
    /// The `PATH` of the child.
    let searchPath: String

    /// Returns the path of the file. It may still fail to start. Returns nil if `PATH` has no file of this name.
    func path() -> String? {
        if command.contains("/") {
            guard !command.hasPrefix("/"), let workingDirectory else { return command }
            let inFolder = command.hasPrefix("./") ? String(command.dropFirst(2)) : command
            return workingDirectory + "/" + inFolder
        }
        let candidates = search(command)
        return candidates.first { kind(of: $0) == S_IFREG && access($0, X_OK) == 0 } ?? candidates.first
    }

    /// Returns the problem with the file; nil if it can be run.
    func problem() -> Diagnostic? {
        guard !command.isEmpty else {
            return Diagnostic(
                .error, "provisioner \(provisioner) has no command",
                hint: "set `command` of the provisioner \(provisioner)")
        }
        if let workingDirectory, kind(of: workingDirectory) != S_IFDIR {
            return Diagnostic(
                .error, "the working directory \(workingDirectory) of provisioner \(provisioner) is not a directory",
                hint: "create it, or correct `workingDirectory` of the provisioner")
        }
        guard let path = path() else {
            return Diagnostic(
                .error, "the command \(command) of provisioner \(provisioner) was not found in PATH (\(searchPath))",
                hint: "install it, or set `command` to its full path")
        }
        return problem(at: path)
    }

    private func problem(at path: String) -> Diagnostic? {
        let subject = "the command \(path) of provisioner \(provisioner)"
        switch kind(of: path) {
        case nil:
            let reason = SystemFailure(errno)
            guard reason.number == ENOENT || reason.number == ENOTDIR else {
                return Diagnostic(
                    .error, "\(subject) cannot be read: \(reason)",
                    hint: "check the permissions of its parent directories")
            }
            return Diagnostic(.error, "\(subject) does not exist", hint: "create it, or correct the path in `command`")
        case S_IFDIR:
            return Diagnostic(
                .error, "\(subject) is a directory", hint: "set `command` to a program in this directory")
        case S_IFREG: break
        default:
            return Diagnostic(.error, "\(subject) is not a file", hint: "set `command` to a program or a script")
        }
        guard access(path, X_OK) == 0 else {
            return Diagnostic(.error, "\(subject) is not executable", hint: "run `chmod +x \(path)`")
        }
        return interpreterProblem(path, subject)
    }

    /// Returns the problem with the interpreter in the first line of a script; nil if there is no problem.
    private func interpreterProblem(_ path: String, _ subject: String) -> Diagnostic? {
        guard let line = firstLine(of: path) else { return nil }
        guard line.starts(with: "#!".utf8) else {
            guard line.isEmpty else { return nil }
            return Diagnostic(.error, "\(subject) is empty", hint: "write a program or a script with a #! line")
        }
        if line.last == UInt8(ascii: "\r") {
            return Diagnostic(
                .error, "\(subject) has Windows line ends, so its interpreter is not found",
                hint: "convert it, for example with `sed -i 's/\\r$//' \(path)`")
        }
        let words = String(decoding: line.dropFirst(2), as: UTF8.self).split { $0 == " " || $0 == "\t" }
        guard let interpreter = words.first.map(String.init) else {
            return Diagnostic(
                .error, "\(subject) names no interpreter after #!", hint: "begin the file with, for example, #!/bin/sh"
            )
        }
        guard kind(of: interpreter) == S_IFREG, access(interpreter, X_OK) == 0 else {
            return Diagnostic(
                .error, "\(subject) needs the interpreter \(interpreter), which does not exist or is not executable",
                hint: "install it, or correct the first line of \(path)")
        }
        if interpreter.hasSuffix("/env"), words.count > 1, !words[1].hasPrefix("-"), !words[1].contains("="),
            !words[1].contains("/"), search(String(words[1])).isEmpty
        {
            return Diagnostic(
                .error, "\(subject) needs \(words[1]), which was not found in PATH (\(searchPath))",
                hint: "install it, or correct the first line of \(path)")
        }
        return nil
    }

    /// Returns the first line, at most 256 bytes as in the kernel; nil if the file cannot be read. A program without read
    /// permission can still be run.
    private func firstLine(of path: String) -> [UInt8]? {
        let file = Descriptor(open(path, O_RDONLY | O_CLOEXEC))
        guard file.raw >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file.raw, &bytes, bytes.count)
        guard count >= 0 else { return nil }
        return Array(bytes[..<count].prefix { $0 != UInt8(ascii: "\n") })
    }

    /// Returns the files of this name along the search path. Relative entries are ignored, so that the command does not
    /// depend on the directory in which prewarm was started.
    private func search(_ name: String) -> [String] {
        searchPath.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
            .filter { kind(of: $0).map { $0 != S_IFDIR } ?? false }
    }

    /// Returns the file type bits. Returns nil and sets `errno` if the file does not exist or cannot be read.
    private func kind(of path: String) -> mode_t? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return status.st_mode & S_IFMT
    }
}
