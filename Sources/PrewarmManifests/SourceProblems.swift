import PrewarmCore

/// What a shape can't say of the sources.
extension Configuration {
    /// - Parameter repository: the one name of what a URL leads to.
    func sourceProblems(_ repository: (String) -> String) -> [Diagnostic] {
        sources.flatMap { $0.problems() } + overlaps(repository)
    }

    /// Two sources would fight over what both define.
    private func overlaps(_ repository: (String) -> String) -> [Diagnostic] {
        // Most have one, of which nothing needs to be looked up.
        guard sources.count > 1 else { return [] }
        let repositories = sources.map { RepositoryIdentity(repository($0.url.value)) }
        return sources.indices.flatMap { index in
            sources.indices[..<index].compactMap { other in
                let earlier = sources[other]
                guard repositories[index] == repositories[other], let path = sources[index].overlap(with: earlier)
                else { return nil }
                return Diagnostic(
                    .error, at: path.position,
                    "the source \(sources[index].name.value) reads \(path.value), which the source \(earlier.name.value) "
                        + "at line \(earlier.name.position.line) reads, too",
                    hint: "two sources can't read one path of one repository and ref: keep one, or use exclude")
            }
        }
    }
}

extension Configuration {
    /// By the name of a source without a ref, the branches of which another source reads what it reads, and which: it must
    /// not follow them by HEAD.
    /// - Parameter repository: the one name of what a URL leads to.
    package func overlapsAtHead(_ repository: (String) -> String) -> [String: [String: String]] {
        var overlaps: [String: [String: String]] = [:]
        for source in sources where source.ref == nil {
            for other in sources {
                guard case .branch(let branch) = other.ref, source.sharedPath(with: other) != nil,
                    RepositoryIdentity(repository(source.url.value)) == RepositoryIdentity(repository(other.url.value))
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
        for (index, path) in paths.enumerated() {
            guard let other = paths[..<index].first(where: { $0.value.isPath(insideOrAround: path.value) }) else {
                continue
            }
            problems.append(
                Diagnostic(
                    .error, at: path.position, "the paths \(other.value) and \(path.value) overlap",
                    hint: "leave out the inner one"))
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
            .error, at: verify?.mode.position, "verify has mode: \(mode), but no \"\(key)\" with it",
            hint: "\(key): a file of the keys that may sign")
    }

    /// A login in a URL ends up in logs, process lists and error messages of whatever meets it.
    private var loginProblem: Diagnostic? {
        guard let scheme = url.value.firstRange(of: "://") else { return nil }
        let authority = url.value[scheme.upperBound...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return nil }
        let isSSH = url.value[..<scheme.lowerBound].lowercased() == "ssh"
        if isSSH, !authority[..<at].contains(":") { return nil }
        return Diagnostic(
            .error, at: url.position, "the url of the source \(name.value) has a login in it",
            hint: isSSH
                ? "ssh takes no password: leave it out, and give auth: {sshKey: FILE}"
                : "leave it out, and give auth: {username: …, password: \"${NAME}\"}, or {token: …}")
    }

    /// The path of this one that the other reads, too, where both are of one repository.
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

/// What two URLs have in common where they lead to one repository, however they are written.
struct RepositoryIdentity: Hashable {
    private let host: String
    private let path: String

    init(_ url: String) {
        var (host, path) = ("", url[...])
        if let scheme = url.firstRange(of: "://") {
            let rest = url[scheme.upperBound...]
            host = String(rest.prefix { $0 != "/" })
            path = rest.drop { $0 != "/" }
        } else if let colon = url.firstIndex(of: ":"), !url[..<colon].contains("/") {
            host = String(url[..<colon])
            path = url[url.index(after: colon)...]
        }
        host = host.split(separator: "@").last.map { $0.lowercased() } ?? ""
        for port in [":22", ":443"] where host.hasSuffix(port) { host = String(host.dropLast(port.count)) }
        var parts = path.split(separator: "/").filter { $0 != "." }.map(String.init)
        if let last = parts.last, last.hasSuffix(".git") {
            // `repository/.git` is the work tree's, `repository.git` a name.
            parts.removeLast()
            if last != ".git" { parts.append(String(last.dropLast(4))) }
        }
        // Forges take names of repositories in any case.
        if ["github.com", "gitlab.com", "bitbucket.org"].contains(host) { parts = parts.map { $0.lowercased() } }
        let isFile = url.lowercased().hasPrefix("file://")
        self.host = isFile ? "" : host
        self.path = (isFile || url.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}

extension String {
    fileprivate var pathParts: [Substring] { split(separator: "/").filter { $0 != "." } }

    fileprivate func isPath(insideOrAround other: String) -> Bool {
        let (own, others) = (pathParts, other.pathParts)
        return own.starts(with: others) || others.starts(with: own)
    }
}
