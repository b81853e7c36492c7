import Glibc
import PrewarmCore

/// The file that a configured command means, and why it can't be run where it can't.
struct CommandFile: Sendable {
    let provisioner: String
    /// As configured.
    let command: String
    let workingDirectory: String?
    /// Of the child.
    let searchPath: String

    /// A path that the child can start, as far as can be told without starting it.
    func path() -> String? {
        if command.contains("/") {
            guard !command.hasPrefix("/"), let workingDirectory else { return command }
            return workingDirectory + "/" + command
        }
        let candidates = search(command)
        return candidates.first { kind(of: $0) == S_IFREG && access($0, X_OK) == 0 } ?? candidates.first
    }

    /// What is wrong with it; nil where it can be run.
    func problem() -> Diagnostic? {
        guard !command.isEmpty else {
            return Diagnostic(.error, "provisioner \(provisioner) has no command", hint: "Set provisioners[].command.")
        }
        if let workingDirectory, kind(of: workingDirectory) != S_IFDIR {
            return Diagnostic(
                .error, "the working directory \(workingDirectory) of provisioner \(provisioner) is not a directory",
                hint: "Create it, or correct the configuration.")
        }
        guard let path = path() else {
            return Diagnostic(
                .error, "the command \(command) of provisioner \(provisioner) was not found in PATH (\(searchPath))",
                hint: "Install it, or give its full path in the configuration.")
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
                    .error, "\(subject) can't be looked at: \(reason)", hint: "Check the rights of its folders.")
            }
            return Diagnostic(.error, "\(subject) does not exist", hint: "Create it, or correct the path.")
        case S_IFDIR:
            return Diagnostic(.error, "\(subject) is a directory", hint: "Name the program in it.")
        case S_IFREG: break
        default:
            return Diagnostic(.error, "\(subject) is not a file", hint: "Name a program or a script.")
        }
        guard access(path, X_OK) == 0 else {
            return Diagnostic(.error, "\(subject) is not executable", hint: "Run: chmod +x \(path)")
        }
        return interpreterProblem(path, subject)
    }

    /// A script runs only where the program in its first line does.
    private func interpreterProblem(_ path: String, _ subject: String) -> Diagnostic? {
        guard let line = firstLine(of: path) else { return nil }
        guard line.starts(with: "#!".utf8) else {
            guard line.isEmpty else { return nil }
            return Diagnostic(.error, "\(subject) is empty", hint: "Write a program or a script with a #! line.")
        }
        if line.last == UInt8(ascii: "\r") {
            return Diagnostic(
                .error, "\(subject) has Windows line ends, so its interpreter is not found",
                hint: "Convert it, for example by: sed -i 's/\\r$//' \(path)")
        }
        let words = String(decoding: line.dropFirst(2), as: UTF8.self).split { $0 == " " || $0 == "\t" }
        guard let interpreter = words.first.map(String.init) else {
            return Diagnostic(
                .error, "\(subject) names no interpreter after #!", hint: "Begin it with #!/bin/sh, for example.")
        }
        guard kind(of: interpreter) == S_IFREG, access(interpreter, X_OK) == 0 else {
            return Diagnostic(
                .error, "\(subject) needs the interpreter \(interpreter), which is not there or not executable",
                hint: "Install it, or correct the first line of \(path).")
        }
        if interpreter.hasSuffix("/env"), words.count > 1, !words[1].hasPrefix("-"), !words[1].contains("="),
            !words[1].contains("/"), search(String(words[1])).isEmpty
        {
            return Diagnostic(
                .error, "\(subject) needs \(words[1]), which was not found in PATH (\(searchPath))",
                hint: "Install it, or correct the first line of \(path).")
        }
        return nil
    }

    /// At most 256 bytes, as many as the kernel looks at; nil where it can't be read, which need not stop it from
    /// being run.
    private func firstLine(of path: String) -> [UInt8]? {
        let file = Descriptor(open(path, O_RDONLY | O_CLOEXEC))
        guard file.raw >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file.raw, &bytes, bytes.count)
        guard count >= 0 else { return nil }
        return Array(bytes[..<count].prefix { $0 != UInt8(ascii: "\n") })
    }

    /// The files of that name along the search path. Relative entries are passed over: what runs must not depend on
    /// where prewarm was started.
    private func search(_ name: String) -> [String] {
        searchPath.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
            .filter { kind(of: $0).map { $0 != S_IFDIR } ?? false }
    }

    /// The file type bits; nil, and `errno` set, where there is nothing or it can't be reached.
    private func kind(of path: String) -> mode_t? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return status.st_mode & S_IFMT
    }
}
