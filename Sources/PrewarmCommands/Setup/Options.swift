import ArgumentParser
import Logging
import PrewarmCore

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
            The token for the daemon, or @FILE to read it from a file (default: $PREWARM_TOKEN, or for a daemon on this \
            machine the token file beside the store). Other users can see a token in the process list.
            """,
            valueName: "token"))
    var token: String?

    @Option(
        name: .customLong("oidc"),
        help: ArgumentHelp(
            "In a job of GitHub Actions: get an OIDC token for this audience and use it for the daemon.",
            valueName: "audience"))
    var oidcAudience: String?

    @Option(
        help: "The format of messages on standard error: text or json (default: text).",
        completion: .list(["text", "json"]),
        transform: { text in
            guard let format = LogFormat(rawValue: text) else { throw ValidationError("it must be text or json") }
            return format
        })
    var logFormat = LogFormat.text

    @Option(
        help: "The lowest level to show: trace, debug, info, notice, warning, error or critical (default: info).",
        completion: .list(Logger.Level.allCases.map(\.rawValue)),
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else {
                let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("it must be one of \(levels)")
            }
            return level
        })
    var logLevel = Logger.Level.info

    /// The global options in the line of the usage. The help shows `[<options>]` instead, because they hide the others.
    static let usage =
        "[--config <file>] [--server <url>] [--token <token>] [--oidc <audience>] [--log-format <log-format>] "
        + "[--log-level <log-level>]"

    var console: Console { Console.standard.with(format: logFormat, level: logLevel) }

    /// Returns the token of `--token` or `PREWARM_TOKEN`; nil if neither is given.
    /// - Throws: ``CommandFailure`` if the file cannot be read or the token is invalid.
    func bearerToken() throws -> String? {
        guard let text = token ?? Environment.value("PREWARM_TOKEN"), !text.isEmpty else { return nil }
        var token = text
        if text.hasPrefix("@") {
            let bytes = try ManifestFolder.bytes(String(text.dropFirst()))
            token = String(decoding: bytes, as: UTF8.self)
        }
        token = String(token.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !token.isEmpty, token.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw CommandFailure(
                "invalid token: it must not be empty or contain spaces",
                hint: text.hasPrefix("@") ? "check the file \(text.dropFirst())" : "check --token and PREWARM_TOKEN")
        }
        return token
    }
}

enum LogFormat: String {
    case text, json
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, name
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
