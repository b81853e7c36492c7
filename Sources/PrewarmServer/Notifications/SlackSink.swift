internal import PrewarmCore
internal import PrewarmEngine

/// Slack's incoming webhooks (https://api.slack.com/messaging/webhooks), which Mattermost and Rocket.Chat take, too.
struct SlackSink: Sink {
    let address: SinkAddress
    let instance: String

    func request(for notification: Notification, at now: Timestamp) -> OutgoingRequest? {
        guard case .message(let message) = notification.content else { return nil }
        let title = "\(message.state.symbol) \(message.title.slackEscaped)"
        var blocks = [section(title)]
        if message.count > 1 {
            var lines = message.items.prefix(10).map {
                "• `\($0.object.slackEscaped)` \($0.text.slackEscaped)".cut(250)
            }
            if message.count > lines.count { lines.append("… and \(message.count - lines.count) more") }
            blocks.append(section(lines.joined(separator: "\n")))
        }
        let context = [
            "prewarm/\(instance)", message.revision == nil ? nil : message.shortRevision, "\(notification.at)",
        ]
        blocks.append(
            .object(known: [
                "type": "context",
                "elements": .array([text(context.compactMap { $0?.slackEscaped }.joined(separator: " · "))]),
            ]))
        let body = Value.object(known: ["text": .string(title.cut(3000)), "blocks": .array(blocks)])
        return OutgoingRequest(
            address: address, headers: [("content-type", "application/json; charset=utf-8")],
            body: Array(body.compactJSON.utf8))
    }

    private func section(_ markdown: String) -> Value {
        .object(known: ["type": "section", "text": text(markdown)])
    }

    /// At most 3,000 characters (https://api.slack.com/reference/block-kit/composition-objects#text).
    private func text(_ markdown: String) -> Value {
        .object(known: ["type": "mrkdwn", "text": .string(markdown.cut(3000))])
    }
}

extension Message.State {
    fileprivate var symbol: String {
        switch self {
        case .broken: ":red_circle:"
        case .recovered: ":large_green_circle:"
        case .info: ":large_blue_circle:"
        }
    }
}

extension String {
    /// So that what others wrote makes no link and mentions nobody
    /// (https://api.slack.com/reference/surfaces/formatting#escaping).
    fileprivate var slackEscaped: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    fileprivate func cut(_ limit: Int) -> String { count > limit ? prefix(limit - 1) + "…" : self }
}
