package import PrewarmCore

/// The daemons that a user is logged in to, as the file of contexts has them.
package struct UserContexts: Hashable, Sendable {
    /// A daemon with the token of the user.
    package struct Context: Hashable, Sendable {
        package let name: String
        /// The URL of the daemon, without a slash at its end.
        package var server: String
        /// The token; nil if the daemon gets none from this file.
        package var token: String?
        /// The path of the certificates that the daemon's certificate is checked with; nil for those of the system.
        package var caFile: String?

        package init(name: String, server: String, token: String?, caFile: String? = nil) {
            self.name = name
            self.server = server
            self.token = token
            self.caFile = caFile
        }
    }

    /// The name of the context that commands use; nil for this machine.
    package var current: String?
    /// The contexts in the order of their names.
    package private(set) var all: [Context] = []

    /// The name that stands for this machine, and that no context has.
    package static let local = "local"

    package init() {}

    package subscript(name: String) -> Context? { all.first { $0.name == name } }

    /// Adds a context. It replaces the context of the same name.
    package mutating func set(_ context: Context) {
        all.removeAll { $0.name == context.name }
        all.append(context)
        all.sort { $0.name < $1.name }
    }

    /// Removes a context. If it is the current one, there is no current context any more.
    package mutating func remove(_ name: String) {
        all.removeAll { $0.name == name }
        if current == name { current = nil }
    }

    /// Returns the problem with a name, as the end of a sentence; nil if a context can have it.
    package static func problem(withName name: String) -> String? {
        if name == local { return "this name stands for the configuration of this machine" }
        return TextRule.contextName.check(name)?.message
    }
}

/// Parses the file of contexts. It is as strict as the parser of manifests.
package enum ContextParser {
    /// The largest size of the file in bytes.
    package static let sizeLimit = 256 << 10

    /// - Parameter file: The path of the file for diagnostics.
    /// - Returns: The contexts if there are no errors, and the errors.
    package static func parse(_ bytes: [UInt8], file: String) -> (contexts: UserContexts?, problems: [Diagnostic]) {
        let (tree, error) = YAMLReader.read(bytes)
        var problems: [Diagnostic] = []
        if let error {
            problems.append(Diagnostic(.error, at: error.position, error.message, hint: error.hint))
        } else if tree.roots.count != 1 {
            problems.append(
                Diagnostic(
                    .error,
                    "invalid file: expected one document with kind: Contexts, found "
                        + tree.roots.count.counted("document")))
        } else {
            var check = ShapeCheck(tree)
            check.check(tree.roots[0], .contexts, name: .text("file"))
            problems = check.problems
        }
        var contexts = UserContexts()
        if problems.isEmpty {
            let document = DocumentReader(tree: tree, index: tree.roots[0])
            for element in document["contexts"]?.elements ?? [] {
                let name = element["name"]?.text ?? ""
                if contexts[name] != nil || name == UserContexts.local {
                    problems.append(
                        Diagnostic(
                            .error, at: element["name"]?.position ?? element.position,
                            "invalid context: the name \"\(name)\" is used twice or stands for this machine",
                            hint: "remove the context, or change its name"))
                }
                contexts.set(
                    UserContexts.Context(
                        name: name, server: element["server"]?.text ?? "", token: element["token"]?.text,
                        caFile: element["caFile"]?.text))
            }
            if let current = document["current"], current.text != UserContexts.local {
                contexts.current = current.text
                if contexts[current.text] == nil {
                    problems.append(
                        Diagnostic(
                            .error, at: current.position,
                            "invalid current context: there is no context \"\(current.text.printable)\"",
                            hint: "remove the line, then choose a context: `prewarm context use NAME`"))
                }
            }
        }
        let secrets = WrittenSecrets(tree)
        problems.quote(bytes, redacted: secrets.redacted)
        for index in problems.indices {
            problems[index].file = file
            problems[index].message = secrets.redacted(problems[index].message)
        }
        return (problems.isEmpty ? contexts : nil, problems.sorted())
    }
}

extension Shape {
    fileprivate static let contexts = Shape.object(
        ObjectShape(
            "file",
            [
                .required("apiVersion", .version1, "The version of the format."),
                .required("kind", .kind("Contexts"), "The kind of the document."),
                .optional(
                    "current", .text(.contextName), "The context that commands use (default: this machine)."),
                .optional(
                    "contexts", .list(.object(context), minimum: 0), "The daemons that the user is logged in to."),
            ]))

    private static let context = ObjectShape(
        "context",
        [
            .required("name", .text(.contextName), "The name of the context."),
            .required("server", .text(.text("a URL", maximum: 1024)), "The URL of the daemon."),
            .optional("token", .text(.text("a token", maximum: 16 << 10)), "The token of the user."),
            .optional(
                "caFile", .text(.text("a path", maximum: 4096)),
                "The certificates that the certificate of the daemon is checked with."),
        ])
}

extension TextRule {
    fileprivate static let contextName = TextRule(
        "1 to 63 letters, digits, `.`, `_` or `-`, beginning with a letter or a digit",
        pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
}
