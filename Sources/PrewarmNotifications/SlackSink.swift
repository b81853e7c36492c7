internal import PrewarmCore
internal import PrewarmEngine

/// A sink for incoming webhooks of Slack (https://api.slack.com/messaging/webhooks). Mattermost and Rocket.Chat accept
/// the same format.
struct SlackSink: Sink {
    let address: SinkAddress
    let instance: String

    func request(for notification: Notification, at now: Timestamp) -> OutgoingRequest? {
        guard case .message(let message) = notification.content else { return nil }
        let title: SlackText = "\(message.state.symbol) \(message.title)"
        var blocks = [section(title)]
        if message.count > 1 {
            var lines = message.items.prefix(10).map { item -> SlackText in
                "• `\(item.object.limited(to: 100))` \(item.text.limited(to: 140))"
            }
            if message.count > lines.count { lines.append("… and \(message.count - lines.count) more") }
            blocks.append(section(lines.joined(separator: "\n")))
        }
        let context: [SlackText?] = [
            "prewarm/\(instance)", message.revision == nil ? nil : SlackText(message.shortRevision),
            "\(notification.at)",
        ]
        blocks.append(
            .object(known: [
                "type": "context",
                "elements": .array([text(context.compactMap(\.self).joined(separator: " · "))]),
            ]))
        // Names and addresses in the text must not become mentions, links or previews.
        let body = Value.object(known: [
            "text": .string(title.text.limited(to: 3000)), "blocks": .array(blocks), "parse": "none",
            "link_names": false,
            "unfurl_links": false, "unfurl_media": false,
        ])
        return OutgoingRequest(
            address: address, headers: [("content-type", "application/json; charset=utf-8")],
            body: Array(body.compactJSON.utf8))
    }

    private func section(_ markdown: SlackText) -> Value {
        .object(known: ["type": "section", "text": text(markdown)])
    }

    /// A text object of at most 3,000 characters (https://api.slack.com/reference/block-kit/composition-objects#text).
    private func text(_ markdown: SlackText) -> Value {
        .object(known: ["type": "mrkdwn", "text": .string(markdown.text.limited(to: 3000)), "verbatim": true])
    }
}

extension Message.State {
    fileprivate var symbol: SlackText {
        switch self {
        case .broken: ":red_circle:"
        case .recovered: ":large_green_circle:"
        case .info: ":large_blue_circle:"
        }
    }
}

/// The place for text in Slack's mrkdwn, which Mattermost reads as Markdown. The text contains no links and no mentions
/// (https://docs.slack.dev/messaging/formatting-message-text).
enum Slack: OutputPlace {
    static func neutralized(_ text: String) -> String {
        text.printable.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("`", with: "'").replacing("](", with: "] (").withoutMentions
    }
}

typealias SlackText = ShownText<Slack>

extension String {
    /// The text with a full-width `@` instead of each `@`, so that no service reads a mention.
    var withoutMentions: String { replacing("@", with: "\u{ff20}") }
}
