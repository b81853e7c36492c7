import ArgumentParser
import Logging
import PrewarmCore

/// Options of every command that reads the configuration.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The configuration file. Else $PREWARM_CONFIG, ./prewarm.yaml, /etc/prewarm/prewarm.yaml.",
            valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Ask this daemon in place of the store. Else $PREWARM_SERVER.", valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "The token for the daemon, or @FILE that holds it. Otherwise $PREWARM_TOKEN, which no process list shows; for a daemon on this machine, the one beside the store.",
            valueName: "token"))
    var token: String?

    @Option(
        name: .customLong("oidc"),
        help: ArgumentHelp(
            "In a job of GitHub Actions: ask it for a token for this audience, and show that to the daemon.",
            valueName: "audience"))
    var oidcAudience: String?

    @Option(
        help: "How messages on standard error look: text or json; text unless it is said.",
        completion: .list(["text", "json"]),
        transform: { text in
            guard let format = LogFormat(rawValue: text) else { throw ValidationError("expected text or json") }
            return format
        })
    var logFormat = LogFormat.text

    @Option(
        help: "The least severe messages to show: trace, debug, info, notice, warning, error or critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else { throw ValidationError("no log level \"\(text)\"") }
            return level
        })
    var logLevel = Logger.Level.info

    var console: Console { Console.standard.with(format: logFormat, level: logLevel) }

    /// The token of the option or of the environment; nil where there is none.
    func bearerToken() throws -> String? {
        guard let text = token ?? Environment.value("PREWARM_TOKEN"), !text.isEmpty else { return nil }
        var token = text
        if text.hasPrefix("@") {
            let bytes = try ManifestFolder.bytes(String(text.dropFirst()))
            token = String(decoding: bytes, as: UTF8.self)
        }
        token = String(token.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !token.isEmpty, token.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw CommandFailure("invalid token: it must not be empty or contain spaces")
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

/// A duration as the command line takes it: `90s`, `15m`, `24h`, `7d`.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let duration = Duration(prewarm: argument) else { return nil }
        self.duration = duration
    }
}

struct TimeArgument: ExpressibleByArgument {
    let time: Timestamp

    init?(argument: String) {
        guard let time = Timestamp(argument) else { return nil }
        self.time = time
    }
}
