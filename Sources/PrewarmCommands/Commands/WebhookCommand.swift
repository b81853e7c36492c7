import ArgumentParser
import AsyncHTTPClient
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmServer
import PrewarmWebhooks

struct WebhookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Test the webhooks of the daemon.",
        discussion: """
            Examples:
              prewarm webhook test github
            """,
        subcommands: [Test.self])

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Send a signed test push to the daemon, and show its answer.",
            discussion: """
                The push has the signature of the forge. `prewarm get deliveries --server URL` lists the delivery.

                Examples:
                  prewarm webhook test forge
                  prewarm webhook test forge --url https://prewarm.example.org/webhooks/forge
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The name of the webhook in `server.webhooks` of the configuration.")
        var name: String

        @Option(
            help: ArgumentHelp(
                "The URL to send the push to (default: the daemon's address in the configuration).",
                valueName: "url"))
        var url: String?

        @Option(
            help: ArgumentHelp("The source of the push (default: the first source of the webhook).", valueName: "name"),
            completion: .sources)
        var source: String?

        func run() async throws {
            try await finish(global) { console in
                let file = try ConfigurationFile(global)
                let configuration = try file.load()
                let assembly = Assembly(file, configuration)
                let endpoint = try Self.endpoint(name, assembly.webhookEndpoints())
                let (source, address) = try Self.source(source, of: endpoint, assembly, configuration)
                var generator = SystemRandomNumberGenerator()
                var identifiers = IdentifierFactory(now: .now, using: &generator)
                // The commit has only zeros, so that the daemon does not wait for a commit that will never come.
                let sample = WebhookSample(
                    kind: endpoint.kind, secret: endpoint.secrets[0], repository: address, ref: source.ref,
                    commit: String(repeating: "0", count: 40), deliveryID: "prewarm-test-\(identifiers.next())")
                let target = try url ?? assembly.localURL() + "/webhooks/\(endpoint.name)"
                console.step(.action, "sending a \(endpoint.kind.rawValue) push of \(source.name) to \(target)")
                let answer = try await Self.send(sample.request(now: .now), to: target, assembly)
                try Self.judge(answer, console)
            }
        }

        private static func endpoint(_ name: String, _ endpoints: [WebhookEndpoint]) throws -> WebhookEndpoint {
            let names = endpoints.map(\.name)
            guard let endpoint = endpoints.first(where: { $0.name == name }), !endpoint.secrets.isEmpty else {
                throw CommandFailure(
                    "cannot find the webhook \"\(name)\" in the configuration",
                    hint: names.closest(to: name).map { "did you mean \"\($0)\"?" }
                        ?? (names.isEmpty
                            ? "add a webhook to `server.webhooks`" : "use one of \(names.joined(separator: ", "))"))
            }
            return endpoint
        }

        private static func source(
            _ name: String?, of endpoint: WebhookEndpoint, _ assembly: Assembly, _ configuration: Configuration
        ) throws -> (WatchedSource, url: String) {
            let watched = endpoint.watched(among: assembly.watchedSources())
            guard let source = name.map({ name in watched.first { $0.name == name } }) ?? watched.first else {
                let known = watched.map(\.name).joined(separator: ", ")
                throw CommandFailure(
                    name.map { "cannot send a push of \"\($0)\": it is not a source of the webhook \(endpoint.name)" }
                        ?? "cannot send a push: the webhook \(endpoint.name) has no source",
                    hint: known.isEmpty ? "add a source to the configuration" : "use --source with one of \(known)")
            }
            let url = configuration.sources.first { $0.name.value == source.name }?.url.value ?? ""
            let needsAddress = endpoint.kind != .generic && endpoint.kind != .standard
            guard source.address != nil || !needsAddress else {
                throw CommandFailure(
                    "cannot send a \(endpoint.kind.rawValue) push of \(source.name): the source is a local folder",
                    hint: "use another source with --source, or set the webhook's kind to generic")
            }
            return (source, url)
        }

        private static func send(
            _ request: WebhookRequest, to target: String, _ assembly: Assembly
        ) async throws -> WebhookTrial.Answer {
            let certificate = assembly.tlsFiles()?.certificate
            do {
                return try await HTTPClient.withHTTPClient(configuration: OIDCKeyFetch.clientConfiguration) { client in
                    try await WebhookTrial(client: client, caFile: certificate).send(request, to: target)
                }
            } catch {
                throw CommandFailure(
                    "cannot reach \(target): \("\(error)".printable)",
                    hint: "start the daemon with `prewarm serve`, or give its address with --url")
            }
        }

        private static func judge(_ answer: WebhookTrial.Answer, _ console: Console) throws {
            let text = answer.text.isEmpty ? "" : ": \(answer.text.printable)"
            switch answer.status {
            case 200..<300: console.step(.success, "the daemon answered \(answer.status)\(text)")
            case 401:
                throw CommandFailure(
                    "the daemon answered 401\(text)",
                    hint: "send SIGHUP to the daemon, so that it reads the secret from the configuration again")
            case 404:
                throw CommandFailure(
                    "the daemon answered 404\(text)",
                    hint: "send SIGHUP to the daemon, so that it reads the webhooks from the configuration again")
            default: throw CommandFailure("the daemon answered \(answer.status)\(text)")
            }
        }
    }
}
