package import AsyncHTTPClient
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Sends a webhook's request to a daemon, as its forge would.
package struct WebhookTrial: Sendable {
    package struct Answer: Hashable, Sendable {
        package let status: Int
        /// One line, the beginning of the body.
        package let text: String
    }

    private static let answerLimit = 64 * 1024

    private let client: HTTPClient
    /// PEM certificates that are trusted beside the system's own; nil: none.
    private let caFile: String?

    package init(client: HTTPClient, caFile: String? = nil) {
        self.client = client
        self.caFile = caFile
    }

    package func send(_ request: WebhookRequest, to url: String) async throws -> Answer {
        var post = HTTPClientRequest(url: url)
        post.method = .POST
        for field in request.fields { post.headers.add(name: field.name.canonicalName, value: field.value) }
        post.body = .bytes(ByteBuffer(bytes: request.body))
        if let caFile {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.additionalTrustRoots = [.file(caFile)]
            post.tlsConfiguration = configuration
        }
        let response = try await client.execute(post, timeout: .seconds(15))
        let body = try await response.body.collect(upTo: Self.answerLimit)
        return Answer(
            status: Int(response.status.code), text: String(decoding: body.readableBytesView, as: UTF8.self).forMessage)
    }
}
