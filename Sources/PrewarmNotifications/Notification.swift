internal import PrewarmCore
internal import PrewarmEngine

/// A notification for one sink. It stays in the outbox of the sink until it is delivered or dropped.
struct Notification: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        case message(Message)
        case status(CommitStatus)
    }

    /// The id of the notification. It is unique in its sink and the same for every attempt.
    let id: String
    /// The time of the event behind the notification.
    let at: Timestamp
    var content: Content
}

/// A message about an incident that begins or ends, or about a single event.
struct Message: Hashable, Sendable {
    enum State: String, Sendable {
        case broken, recovered, info
    }

    /// One affected object of a message.
    struct Item: Hashable, Sendable {
        /// The kind and name of the object, for example `preset/go-large`.
        let object: String
        let text: String
        /// The workspace that its owner can use from now on; nil for other events.
        var claimed: ClaimedWorkspace?
    }

    let type: NotificationType
    let state: State
    let source: String
    /// The applied revision at that time, for example `main@sha1:5394cb7f…`; nil if it is unknown.
    let revision: String?
    /// The id of the incident that begins or ends; nil for a single event.
    let incident: String?
    /// The first items, at most ``itemLimit``. ``count`` is the number of all items.
    private(set) var items: [Item] = []
    private(set) var count = 0

    static let itemLimit = 20

    init(
        _ type: NotificationType, _ state: State, source: String, revision: String?, incident: String? = nil
    ) {
        self.type = type
        self.state = state
        self.source = source
        self.revision = revision
        self.incident = incident
    }

    /// Sets the claimed workspace of an item.
    mutating func set(_ claimed: ClaimedWorkspace, ofItem index: Int) {
        if items.indices.contains(index) { items[index].claimed = claimed }
    }

    /// Counts an item, and keeps it if there is room.
    mutating func add(_ item: Item) {
        count += 1
        if items.count < Self.itemLimit { items.append(item) }
    }
}

/// The status that a forge shows beside a commit.
struct CommitStatus: Hashable, Sendable {
    enum State: String, Sendable {
        case pending, success, failure
    }

    let source: String
    /// The commit: 40 hexadecimal digits.
    let commit: String
    let state: State
    let description: String
}

// MARK: In the store

extension Notification: BinaryCodable {
    func encode(into writer: inout BinaryWriter) {
        writer.write(id)
        writer.write(at.milliseconds)
        switch content {
        case .message(let message):
            writer.write(0)
            writer.write(message)
        case .status(let status):
            writer.write(1)
            writer.write(status)
        }
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        id = try reader.read()
        at = Timestamp(milliseconds: try reader.read())
        switch try reader.read(Int.self) {
        case 0: content = .message(try reader.read())
        case 1: content = .status(try reader.read())
        default: throw BinaryCodingError()
        }
    }
}

extension Message: BinaryCodable {
    func encode(into writer: inout BinaryWriter) {
        writer.write(type.rawValue)
        writer.write(state.rawValue)
        writer.write(source)
        writer.write(revision)
        writer.write(incident)
        writer.write(count)
        writer.write(items)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard let type = NotificationType(rawValue: try reader.read()), let state = State(rawValue: try reader.read())
        else { throw BinaryCodingError() }
        self.init(
            type, state, source: try reader.read(), revision: try reader.read(), incident: try reader.read())
        count = try reader.read()
        items = try reader.read()
    }
}

extension Message.Item: BinaryCodable {
    func encode(into writer: inout BinaryWriter) {
        writer.write(object)
        writer.write(text)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        self.init(object: try reader.read(), text: try reader.read())
    }
}

extension CommitStatus: BinaryCodable {
    func encode(into writer: inout BinaryWriter) {
        writer.write(source)
        writer.write(commit)
        writer.write(state.rawValue)
        writer.write(description)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        let (source, commit): (String, String) = (try reader.read(), try reader.read())
        guard let state = State(rawValue: try reader.read()) else { throw BinaryCodingError() }
        self.init(source: source, commit: commit, state: state, description: try reader.read())
    }
}
