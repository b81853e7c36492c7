package import AsyncHTTPClient
internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Sends a webhook request to a daemon as a forge does.
package struct WebhookTrial: Sendable {
    /// The answer of the daemon.
    package struct Answer: Hashable, Sendable {
        package let status: Int
        /// The beginning of the body as one line.
        package let text: String
    }

    private static let answerLimit = 64 * 1024

    private let client: HTTPClient
    /// A PEM file with certificates to trust in addition to the system's; nil for the system's only.
    private let caFile: String?

    package init(client: HTTPClient, caFile: String? = nil) {
        self.client = client
        self.caFile = caFile
    }

    /// Sends the request and returns the answer. The limit is 15 seconds.
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
