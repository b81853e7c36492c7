import ArgumentParser
import AsyncHTTPClient
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmServer

struct WebhookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Try the webhooks of the daemon.",
        subcommands: [Test.self])

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Send a signed push to the running daemon, as the forge would, and show its answer.",
            discussion: "What was sent and answered is in `prewarm get deliveries --server URL`, too.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The webhook, as the configuration calls it.")
        var name: String

        @Option(
            help: ArgumentHelp(
                "Where to send it; else where the configuration says that the daemon is.", valueName: "url"))
        var url: String?

        @Option(
            help: ArgumentHelp("The source whose repository the push is of; else the first one.", valueName: "name"))
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
                // No commit: the daemon looks at what the ref is at, and waits for none that will never come.
                let sample = WebhookSample(
                    kind: endpoint.kind, secret: endpoint.secrets[0], repository: address, ref: source.ref,
                    commit: String(repeating: "0", count: 40), deliveryID: "prewarm-test-\(identifiers.next())")
                let target = try url ?? assembly.localURL() + "/webhooks/\(endpoint.name)"
                console.step(.action, "a \(endpoint.kind.rawValue) push of \(source.name) to \(target)")
                let answer = try await Self.send(sample.request(now: .now), to: target, assembly)
                try Self.judge(answer, console)
            }
        }

        private static func endpoint(_ name: String, _ endpoints: [WebhookEndpoint]) throws -> WebhookEndpoint {
            let names = endpoints.map(\.name)
            guard let endpoint = endpoints.first(where: { $0.name == name }), !endpoint.secrets.isEmpty else {
                throw CommandFailure(
                    "the configuration has no webhook \"\(name)\"",
                    hint: names.closest(to: name).map { "did you mean \"\($0)\"?" }
                        ?? (names.isEmpty
                            ? "add one under server.webhooks" : "it has \(names.joined(separator: ", "))"))
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
                    "the webhook \(endpoint.name) is for no source \"\(name ?? "")\"", hint: "it is for \(known)")
            }
            let url = configuration.sources.first { $0.name.value == source.name }?.url.value ?? ""
            let needsAddress = endpoint.kind != .generic && endpoint.kind != .standard
            guard source.address != nil || !needsAddress else {
                throw CommandFailure(
                    "the source \(source.name) is a folder of this machine, of which \(endpoint.kind.rawValue) knows nothing",
                    hint: "name another source with --source, or make the webhook's kind generic")
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
                    "\(target) can't be asked: \("\(error)".printable)",
                    hint: "is the daemon running (`prewarm serve`), and is that its address?")
            }
        }

        private static func judge(_ answer: WebhookTrial.Answer, _ console: Console) throws {
            let text = answer.text.isEmpty ? "" : ": \(answer.text.printable)"
            switch answer.status {
            case 200..<300: console.step(.success, "it answers \(answer.status)\(text)")
            case 401:
                throw CommandFailure(
                    "it answers 401\(text)",
                    hint: "the daemon has another secret: it may not have read the configuration again since")
            case 404:
                throw CommandFailure("it answers 404\(text)", hint: "the daemon has no webhook of this name yet")
            default: throw CommandFailure("it answers \(answer.status)\(text)")
            }
        }
    }
}
