import Foundation
import PrewarmCore
import PrewarmManifests

/// The daemon that a command asks, with the token that belongs to it.
///
/// The first of these that is given decides: `--server` or `--context`, `PREWARM_SERVER`, `PREWARM_CONTEXT`, the current
/// context of the user. With `--config` or `PREWARM_CONFIG`, the current context does not count, and with `--config` also
/// `PREWARM_CONTEXT` does not count.
struct ServerChoice: Sendable {
    enum Origin: Hashable, Sendable {
        case option, variable
        /// The context of this name, by `--context` or `PREWARM_CONTEXT`.
        case context(String)
        /// The current context, which has this name.
        case current(String)
        /// The argument of `login`.
        case login
    }

    let url: String
    /// The token of the context; nil if the context has none, or no context is used.
    var token: String?
    /// The path of the certificates to check the daemon's certificate with; nil for `PREWARM_CA_FILE` or the system's.
    var caFile: String?
    let origin: Origin

    init(url: String, token: String? = nil, caFile: String? = nil, origin: Origin) {
        self.url = url
        self.token = token
        self.caFile = caFile
        self.origin = origin
    }

    /// Returns the choice of a command; nil if it works on this machine.
    /// - Throws: ``CommandFailure`` if the context does not exist or the file of contexts cannot be used.
    init?(_ global: GlobalOptions) throws {
        if let url = global.server, !url.isEmpty {
            self.init(url: url, origin: .option)
        } else if let name = global.context, !name.isEmpty {
            try self.init(context: name)
        } else if let url = Environment.value("PREWARM_SERVER") {
            self.init(url: url, origin: .variable)
        } else if global.config?.isEmpty == false {
            return nil
        } else if let name = Environment.value("PREWARM_CONTEXT") {
            try self.init(context: name)
        } else if Environment.value("PREWARM_CONFIG") == nil {
            let contexts = try ContextFile.contexts()
            guard let name = contexts.current else { return nil }
            self.init(try contexts.named(name), origin: .current(name))
        } else {
            return nil
        }
    }

    private init?(context name: String) throws {
        guard name != UserContexts.local else { return nil }
        self.init(try ContextFile.contexts().named(name), origin: .context(name))
    }

    private init(_ context: UserContexts.Context, origin: Origin) {
        self.init(url: context.server, token: context.token, caFile: context.caFile, origin: origin)
    }

    /// Returns the token to send.
    /// - Throws: ``CommandFailure`` if the file of `--token @FILE` cannot be read or a token is invalid.
    func bearerToken(_ global: GlobalOptions) throws -> String? {
        // PREWARM_TOKEN may be of another daemon than the one of the context.
        if global.token == nil, global.oidcAudience == nil, let token { return token }
        return try global.bearerToken()
    }

    /// The way to another URL, as an imperative.
    var correction: String {
        switch origin {
        case .option: "correct --server"
        case .variable: "correct PREWARM_SERVER"
        case .context(let name), .current(let name): "change the context: `prewarm login URL --name \(name)`"
        case .login: "correct the URL"
        }
    }

    /// Returns the setting that gives another URL.
    func setting(_ url: String) -> String {
        switch origin {
        case .option: "--server \(url)"
        case .variable: "PREWARM_SERVER=\(url)"
        case .context(let name), .current(let name): "`prewarm login \(url) --name \(name)`"
        case .login: "`prewarm login \(url)`"
        }
    }

    /// Warns if the current context precedes a configuration in the working directory.
    func warnOfLocalFile(_ console: Console) {
        guard case .current(let name) = origin, FileManager.default.fileExists(atPath: "prewarm.yaml") else { return }
        console.warning(
            "using the current context \(name) (\(url)), and not ./prewarm.yaml",
            hint: "for ./prewarm.yaml: `--context local`, or `prewarm context use local`")
    }
}
