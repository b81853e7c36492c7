package import PrewarmCore

/// Parses kubeconfig files (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/).
///
/// No message quotes the file, since it contains credentials.
package enum KubeconfigParser {
    /// The largest size of a file in bytes.
    package static let sizeLimit = 1 << 20

    /// The reason why a file cannot be used.
    package struct Mistake: Error, Hashable, Sendable {
        package let message: String
        /// The next step, as an imperative.
        package let hint: String?
    }

    /// Returns the cluster and the login of a context.
    /// - Parameters:
    ///   - path: The path of the file. Relative paths in the file begin at its folder.
    ///   - context: The name of the context; nil for the current one.
    package static func parse(_ bytes: [UInt8], path: String, context: String?) throws(Mistake) -> ClusterAccess {
        guard bytes.count <= sizeLimit else {
            throw Mistake(message: "it has more than \(sizeLimit >> 10) KiB", hint: nil)
        }
        let (tree, error) = YAMLReader.read(bytes)
        if let error {
            let place = error.position.map { " at line \($0.line)" } ?? ""
            throw Mistake(message: "it is no valid YAML\(place)", hint: "look at it with `kubectl config view`")
        }
        guard tree.roots.count == 1, let root = tree.roots.first else {
            throw Mistake(message: "expected one document, found \(tree.roots.count)", hint: nil)
        }
        let file = KubeconfigFile(
            document: DocumentReader(tree: tree, index: root), path: path,
            folder: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
        return try file.access(context: context)
    }
}

private struct KubeconfigFile {
    typealias Mistake = KubeconfigParser.Mistake

    let document: DocumentReader
    let path: String
    let folder: String

    func access(context: String?) throws(Mistake) -> ClusterAccess {
        let name = context ?? document["current-context"]?.text ?? ""
        guard !name.isEmpty else {
            throw Mistake(message: "it has no current context", hint: "set `context` of the provisioner")
        }
        let details = try entry(name, in: "contexts", "context")
        let cluster = try entry(details["cluster"]?.text ?? "", in: "clusters", "cluster")
        var access = ClusterAccess(
            server: try server(cluster), origin: "context \(name.printable.limited(to: 80)) of \(path.printable)")
        access.authority = pem("certificate-authority", of: cluster)
        access.context = name
        access.serverName = text("tls-server-name", of: cluster)
        access.namespace = text("namespace", of: details)
        if let namespace = access.namespace, TextRule.name.check(namespace) != nil {
            throw Mistake(
                message: "its context \"\(name.printable.shortened)\" has no valid namespace",
                hint: "correct `namespace` of the context")
        }
        let user = details["user"]?.text ?? ""
        if !user.isEmpty { try logIn(try entry(user, in: "users", "user"), user, &access) }
        guard access.server.hasPrefix("https://") || access.token == nil && access.certificate == nil else {
            throw Mistake(
                message: "the server \(access.server.printable.limited(to: 200)) is not encrypted, so "
                    + "no login is sent to it",
                hint: "use the https:// address of the API server")
        }
        return access
    }

    /// Returns the details of an entry of one of the lists `contexts`, `clusters` and `users`.
    private func entry(_ name: String, in list: String, _ key: String) throws(Mistake) -> DocumentReader {
        let entries = document[list]?.elements ?? []
        guard let found = entries.first(where: { $0["name"]?.text == name }), let details = found[key] else {
            let names = entries.compactMap { $0["name"]?.text.printable.shortened }
            throw Mistake(
                message: "it has no \(key) \"\(name.printable.shortened)\"",
                hint: names.isEmpty ? nil : "use one of these: \(names.sorted().summary)")
        }
        return details
    }

    /// Returns the text of a key. As in kubectl, an empty text is as good as a missing key, and nil stands for both.
    private func text(_ key: String, of entry: DocumentReader) -> String? {
        entry[key].flatMap { $0.text.isEmpty ? nil : $0.text }
    }

    private func server(_ cluster: DocumentReader) throws(Mistake) -> String {
        var server = cluster["server"]?.text ?? ""
        while server.hasSuffix("/") { server.removeLast() }
        guard server.hasPrefix("https://") || server.hasPrefix("http://"),
            !server.contains(where: { $0.isWhitespace || $0 == "?" || $0 == "#" || $0 == "@" })
        else {
            throw Mistake(
                message: "the server of its cluster is no https:// address", hint: "correct `server` of the cluster")
        }
        if cluster["insecure-skip-tls-verify"]?.boolean == true {
            throw Mistake(
                message: "its cluster has insecure-skip-tls-verify, and prewarm verifies certificates",
                hint: "write the certificate of the cluster's authority into certificate-authority-data")
        }
        if cluster["proxy-url"] != nil {
            throw Mistake(
                message: "its cluster has proxy-url, which prewarm does not support",
                hint: "use an address of the API server that needs no proxy")
        }
        return server
    }

    private func pem(_ key: String, of entry: DocumentReader) -> ClusterAccess.PEM? {
        // The data takes precedence over the file, as in kubectl.
        if let data = entry["\(key)-data"]?.text, !data.isEmpty { return .base64(data) }
        return entry[key].map { .file(resolve($0.text)) }
    }

    private func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    // MARK: Login

    private func logIn(_ user: DocumentReader, _ name: String, _ access: inout ClusterAccess) throws(Mistake) {
        for (key, hint) in [
            ("auth-provider", "use `exec` with a credential plugin"), ("username", "use a token or a certificate"),
            ("as", "log in as a user with the rights itself"),
        ] where user[key] != nil {
            throw Mistake(
                message: "its user \"\(name.printable.shortened)\" has \(key), which prewarm does not support",
                hint: hint)
        }
        access.certificate = pem("client-certificate", of: user)
        access.key = pem("client-key", of: user)
        if (access.certificate == nil) != (access.key == nil) {
            throw Mistake(
                message: "its user \"\(name.printable.shortened)\" has only one of client-certificate and client-key",
                hint: "add the other one")
        }
        if let exec = user["exec"] {
            access.token = .plugin(try plugin(exec))
        } else if let file = user["tokenFile"]?.text, !file.isEmpty {
            access.token = .file(resolve(file))
        } else if let token = user["token"]?.text, !token.isEmpty {
            access.token = .text(token)
        }
    }

    private func plugin(_ exec: DocumentReader) throws(Mistake) -> ClusterAccess.Plugin {
        let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
        guard let version = exec["apiVersion"]?.text, versions.contains(version) else {
            throw Mistake(
                message: "the apiVersion of its credential plugin is not supported",
                hint: "use \(versions[0])")
        }
        guard let command = exec["command"]?.text, !command.isEmpty else {
            throw Mistake(message: "its credential plugin has no command", hint: "add command")
        }
        if exec["interactiveMode"]?.text == "Always" {
            throw Mistake(
                message: "its credential plugin needs a terminal, which prewarm does not have",
                hint: "use interactiveMode: Never, if the plugin supports it")
        }
        var plugin = ClusterAccess.Plugin(apiVersion: version, command: command, folder: folder)
        plugin.arguments = exec["args"]?.elements.map(\.text) ?? []
        for variable in exec["env"]?.elements ?? [] {
            guard let name = variable["name"]?.text, !name.isEmpty else { continue }
            plugin.environment[name] = variable["value"]?.text ?? ""
        }
        plugin.installHint = exec["installHint"]?.text
        plugin.takesCluster = exec["provideClusterInfo"]?.boolean == true
        return plugin
    }
}
