internal import PrewarmCore
internal import PrewarmEngine

/// The claimed workspace of an item in the outbox. Earlier versions stored items without it, so it is stored apart.
struct OutboxClaim: BinaryCodable {
    /// The id of the notification.
    let notification: String
    /// The number of the item in the message.
    let item: Int
    let claimed: ClaimedWorkspace

    /// Returns the claimed workspaces in an outbox.
    static func all(in outbox: [Notification]) -> [OutboxClaim] {
        outbox.flatMap { notification -> [OutboxClaim] in
            guard case .message(let message) = notification.content else { return [] }
            return message.items.enumerated().compactMap { index, item in
                item.claimed.map { OutboxClaim(notification: notification.id, item: index, claimed: $0) }
            }
        }
    }

    /// Puts the claimed workspace into its item.
    func restore(in outbox: inout [Notification]) {
        guard let index = outbox.firstIndex(where: { $0.id == notification }),
            case .message(var message) = outbox[index].content
        else { return }
        message.set(claimed, ofItem: item)
        outbox[index].content = .message(message)
    }

    private init(notification: String, item: Int, claimed: ClaimedWorkspace) {
        self.notification = notification
        self.item = item
        self.claimed = claimed
    }

    func encode(into writer: inout BinaryWriter) {
        writer.write(notification)
        writer.write(item)
        writer.write(claimed)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        notification = try reader.read()
        item = try reader.read()
        claimed = try reader.read()
    }
}
