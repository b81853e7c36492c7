import PrewarmCore

/// Errors of the sources that a shape cannot express.
extension Configuration {
    /// - Parameter repository: Returns the same name for all URLs of a repository.
    func sourceProblems(_ repository: (String) -> String) -> [Diagnostic] {
        sources.flatMap { $0.problems() } + overlaps(repository)
    }

    /// Returns errors for sources that read the same path. Each of them would delete the pools of the other.
    private func overlaps(_ repository: (String) -> String) -> [Diagnostic] {
        // A single source needs no lookup of its repository.
        guard sources.count > 1 else { return [] }
        let repositories = sources.map { Self.identity(repository($0.url.value)) }
        return sources.indices.flatMap { index in
            sources.indices[..<index].compactMap { other in
                let earlier = sources[other]
                guard repositories[index] == repositories[other], let path = sources[index].overlap(with: earlier)
                else { return nil }
                return Diagnostic(
                    .error, at: path.position,
                    "invalid source \"\(sources[index].name.value)\": it reads the path \(path.value), which "
                        + "the source \"\(earlier.name.value)\" at line \(earlier.name.position.line) also reads",
                    hint: "remove one of the two sources, or exclude the path in one of them")
            }
        }
    }
}

extension Configuration {
    /// Returns branches that a source without a ref must not follow by HEAD, because another source reads the same path
    /// there. The result maps the name of the source to branches, and each branch to the name of the other source.
    /// - Parameter repository: Returns the same name for all URLs of a repository.
    package func overlapsAtHead(_ repository: (String) -> String) -> [String: [String: String]] {
        var overlaps: [String: [String: String]] = [:]
        for source in sources where source.ref == nil {
            for other in sources {
                guard case .branch(let branch) = other.ref, source.sharedPath(with: other) != nil,
                    Self.identity(repository(source.url.value)) == Self.identity(repository(other.url.value))
                else { continue }
                overlaps[source.name.value, default: [:]][branch] = other.name.value
            }
        }
        return overlaps
    }
}

extension Configuration.Source {
    fileprivate func problems() -> [Diagnostic] {
        var problems: [Diagnostic] = []
        if let problem = loginProblem { problems.append(problem) }
        if let disabledAgent {
            problems.append(
                Diagnostic(
                    .error, at: disabledAgent, "invalid auth: `sshAgent: false` selects no login",
                    hint: "write `sshAgent: true`, or remove `auth` if the repository needs no login"))
        }
        for (index, path) in paths.enumerated() {
            guard let other = paths[..<index].first(where: { $0.value.isPath(insideOrAround: path.value) }) else {
                continue
            }
            let isOuter = path.value.pathParts.count < other.value.pathParts.count
            problems.append(
                Diagnostic(
                    .error, at: path.position,
                    "invalid source \"\(name.value)\": the paths \(other.value) and \(path.value) overlap",
                    hint: "remove \(isOuter ? other.value : path.value)"))
        }
        switch verify?.mode.value {
        case "ssh" where verify?.allowedSigners == nil: problems.append(missing("ssh", "allowedSigners"))
        case "openpgp" where verify?.keys == nil: problems.append(missing("openpgp", "keys"))
        default: break
        }
        return problems
    }

    private func missing(_ mode: String, _ key: String) -> Diagnostic {
        Diagnostic(
            .error, at: verify?.mode.position, "invalid verify: the mode \(mode) requires \"\(key)\"",
            hint: "add \"\(key)\": the path of a file with the keys that may sign")
    }

    /// An error for credentials in the URL, which would appear in logs, process lists and error messages.
    private var loginProblem: Diagnostic? {
        guard url.value.contains("://"), let parts = RemoteURL(url.value), let userInfo = parts.userInfo else {
            return nil
        }
        let isSSH = parts.scheme == "ssh"
        if isSSH, !userInfo.contains(":") { return nil }
        return Diagnostic(
            .error, at: url.position, "invalid source \"\(name.value)\": its url contains credentials",
            hint: isSSH
                ? "remove the password from the url, and add auth: {sshKey: FILE}"
                : "remove the credentials from the url, and add auth: {username: …, password: \"${NAME}\"} "
                    + "or auth: {token: \"${NAME}\"}")
    }

    /// Returns a path that both sources read if they have the same repository. Nil if there is no such path.
    fileprivate func overlap(with other: Self) -> Located<String>? {
        ref == other.ref ? sharedPath(with: other) : nil
    }

    fileprivate func sharedPath(with other: Self) -> Located<String>? {
        paths.first { own in
            other.paths.contains { theirs in
                guard own.value.isPath(insideOrAround: theirs.value) else { return false }
                return !other.leavesOut(own.value, of: theirs.value) && !leavesOut(theirs.value, of: own.value)
            }
        }
    }

    private func leavesOut(_ inner: String, of outer: String) -> Bool {
        let (inner, outer) = (inner.pathParts, outer.pathParts)
        guard inner.count > outer.count else { return false }
        let own = inner.dropFirst(outer.count).joined(separator: "/")
        return exclude.contains { $0.fits(own, isFolder: true) }
    }
}

extension Configuration {
    /// Returns the same text for all URLs of a repository.
    private static func identity(_ url: String) -> String {
        if let address = RepositoryAddress(url, ignoringCase: false) { return address.description }
        let path = url.lowercased().hasPrefix("file://") ? url.dropFirst("file://".count) : url[...]
        var parts = path.pathParts
        if let last = parts.last, last.hasSuffix(".git") {
            // `repository/.git` is the folder of a work tree. In `repository.git`, the suffix is a part of the name.
            parts.removeLast()
            if last != ".git" { parts.append(last.dropLast(4)) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}

extension StringProtocol where SubSequence == Substring {
    fileprivate var pathParts: [Substring] { split(separator: "/").filter { $0 != "." } }

    fileprivate func isPath(insideOrAround other: String) -> Bool {
        let (own, others) = (pathParts, other.pathParts)
        return own.starts(with: others) || others.starts(with: own)
    }
}
