import ArgumentParser
import Logging
import PrewarmCore
import PrewarmManifests

/// The options of every command that reads the configuration.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The configuration file (default: $PREWARM_CONFIG, ./prewarm.yaml or /etc/prewarm/prewarm.yaml).",
            valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "The URL of a daemon to ask instead of the store (default: $PREWARM_SERVER).", valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            """
            The context of `prewarm login` to use; local is this machine (default: $PREWARM_CONTEXT, otherwise the \
            current context).
            """, valueName: "name"), completion: .contexts)
    var context: String?

    @Option(
        help: ArgumentHelp(
            """
            The token for the daemon, or @FILE to read it from a file (default: the token of the context, \
            $PREWARM_TOKEN, or for a daemon on this machine the token file beside the store). Other users can see a token in \
            the process list.
            """,
            valueName: "token"))
    var token: String?

    @Option(
        name: .customLong("oidc"),
        help: ArgumentHelp(
            "In a job of GitHub Actions: get an OIDC token for this audience and use it for the daemon.",
            valueName: "audience"))
    var oidcAudience: String?

    @OptionGroup var log: LogOptions

    /// The global options in the line of the usage. The help shows `[<options>]` instead, because they hide the others.
    static let usage =
        "[--config <file>] [--server <url>] [--context <name>] [--token <token>] [--oidc <audience>] "
        + LogOptions.usage

    var logFormat: LogFormat { log.format }
    var logLevel: Logger.Level { log.level }
    var console: Console { log.console }

    func validate() throws {
        guard let context, !context.isEmpty else { return }
        if let server {
            throw ValidationError("cannot use --context \(context) with --server \(server): choose one")
        }
        if let config, context != UserContexts.local {
            throw ValidationError("cannot use --context \(context) with --config \(config): choose one")
        }
    }

    /// Refuses options that name a daemon.
    /// - Parameter reason: The reason as a clause, for example "`prewarm doctor` checks this machine".
    func refuseServer(_ reason: String) throws {
        let context = context.flatMap { $0.isEmpty || $0 == UserContexts.local ? nil : "--context \($0)" }
        if let option = server.map({ "--server \($0)" }) ?? context {
            throw ValidationError("cannot use \(option): \(reason)")
        }
    }

    /// Returns the token of `--token` or `PREWARM_TOKEN`; nil if neither is given.
    /// - Throws: ``CommandFailure`` if the file cannot be read or the token is invalid.
    func bearerToken() throws -> String? {
        guard let text = token ?? Environment.value("PREWARM_TOKEN"), !text.isEmpty else { return nil }
        guard text.hasPrefix("@") else { return try BearerToken.checked(text, hint: "check --token and PREWARM_TOKEN") }
        let path = String(text.dropFirst())
        let bytes = try ManifestFolder.bytes(path)
        return try BearerToken.checked(String(decoding: bytes, as: UTF8.self), hint: "check the file \(path)")
    }
}

/// The options of commands that read no configuration.
struct LogOptions: ParsableArguments {
    @Option(
        name: .customLong("log-format"),
        help: "The format of messages on standard error: text or json (default: text).",
        completion: .list(["text", "json"]),
        transform: { text in
            guard let format = LogFormat(rawValue: text) else { throw ValidationError("it must be text or json") }
            return format
        })
    var format = LogFormat.text

    @Option(
        name: .customLong("log-level"),
        help: "The lowest level to show: trace, debug, info, notice, warning, error or critical (default: info).",
        completion: .list(Logger.Level.allCases.map(\.rawValue)),
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else {
                let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("it must be one of \(levels)")
            }
            return level
        })
    var level = Logger.Level.info

    static let usage = "[--log-format <log-format>] [--log-level <log-level>]"

    var console: Console { Console.standard.with(format: format, level: level) }
}

enum LogFormat: String {
    case text, json
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, name
}

/// The format of a list of findings.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

enum DataFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, yaml
}

/// A duration on the command line, for example `90s`, `15m`, `24h` or `7d`.
struct DurationArgument {
    let duration: Duration

    /// - Throws: `ValidationError` with the units to write.
    init(argument: String) throws {
        guard let duration = Duration(prewarm: argument) else {
            throw ValidationError(Self.units(for: argument) ?? "it must be a duration, for example 90s, 15m or 24h")
        }
        self.duration = duration
    }

    /// Returns the texts that a number without a unit may stand for; nil if the text is not such a number.
    static func units(for text: String) -> String? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), Duration(prewarm: text + "d") != nil
        else {
            return nil
        }
        return "it needs a unit: \(text)s, \(text)m, \(text)h or \(text)d"
    }
}

/// A time on the command line in RFC 3339, for example `2026-11-23T08:00:00Z`.
struct TimeArgument: ExpressibleByArgument {
    let time: Timestamp

    init?(argument: String) {
        guard let time = Timestamp(argument) else { return nil }
        self.time = time
    }
}
