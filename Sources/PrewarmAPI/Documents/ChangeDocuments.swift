package import PrewarmCore
package import PrewarmEngine

/// The deletions that an approval allows.
package struct ApprovalDocument: ObjectDocument {
    package let source: String?
    package let revision: String?
    package let deletions: Int?
    package let presets: OrderedMap<Int>?
    package let hold: String?

    package enum CodingKeys: String, DocumentKey {
        case source, revision, deletions, presets, hold

        package var meaning: String {
            switch self {
            case .source: "The name of the source."
            case .revision: "The approved revision."
            case .deletions: "The number of deletions."
            case .presets: "The numbers of deletions by preset."
            case .hold: "The hold of the store that ended."
            }
        }
    }

    package init(
        source: String, revision: Revision, deletions: Int, presets: OrderedMap<Int>
    ) {
        self.source = source
        self.revision = revision.description
        self.deletions = deletions
        self.presets = presets
        hold = nil
    }

    package init(_ hold: StoreHold) {
        source = nil
        revision = nil
        deletions = nil
        presets = nil
        self.hold = hold.sentence
    }
}

/// The result of a change.
package struct DoneDocument: ObjectDocument {
    package let message: String?
    package let changed: Bool?
    package let until: Timestamp?
    package let revision: String?
    package let still: StillSuspendedDocument?
    package let workspaces: Int?

    package enum CodingKeys: String, DocumentKey {
        case message, changed, until, revision, still, workspaces

        package var meaning: String {
            switch self {
            case .message: "One sentence about what was done."
            case .changed: "False if there was nothing to change."
            case .until: "The end of the suspension."
            case .revision: "The pinned revision."
            case .still: "What keeps the preset suspended."
            case .workspaces: "The number of workspaces that are replaced."
            }
        }
    }

    package init(
        message: String? = nil, changed: Bool? = nil, until: Timestamp? = nil, revision: String? = nil,
        still: StillSuspendedDocument? = nil, workspaces: Int? = nil
    ) {
        self.message = message
        self.changed = changed
        self.until = until
        self.revision = revision
        self.still = still
        self.workspaces = workspaces
    }
}

/// The suspension that remains after a resume.
package struct StillSuspendedDocument: ObjectDocument {
    package static var schemaName: String { "StillSuspended" }

    package let message: String
    package let hint: String

    package enum CodingKeys: String, DocumentKey {
        case message, hint

        package var meaning: String {
            switch self {
            case .message: "One sentence about the suspension."
            case .hint: "The next step."
            }
        }
    }

    package init(message: String, hint: String) {
        self.message = message
        self.hint = hint
    }
}

/// An entry of the audit log.
package struct AuditEntryDocument: ObjectDocument {
    package let sequence: Int
    package let at: Timestamp
    package let who: String
    package let from: String
    package let action: String
    package let object: String
    package let name: String
    package let revision: String?
    package let detail: String?

    package enum CodingKeys: String, DocumentKey {
        case sequence, at, who, from, action, object, name, revision, detail

        package var meaning: String {
            switch self {
            case .sequence: "The number of the entry."
            case .at: "The time of the action."
            case .who: "The caller."
            case .from: "The address of the caller; `local` for a command on the store."
            case .action: "What was done."
            case .object: "The kind of the object."
            case .name: "The name of the object."
            case .revision: "The revision that it is about."
            case .detail: "More about the action, for example the reason."
            }
        }
    }

    package init(_ record: AuditRecord) {
        let entry = record.entry
        sequence = Int(record.sequence)
        at = entry.at
        who = entry.who
        from = entry.from
        action = entry.action
        object = entry.object
        name = entry.name
        revision = entry.revision
        detail = entry.detail
    }
}

/// A webhook delivery that the daemon received.
package struct DeliveryDocument: ObjectDocument {
    package let at: Timestamp
    package let webhook: String
    package let kind: String
    package let id: String?
    package let event: String?
    package let from: String
    package let outcome: String
    package let status: Int
    package let message: String
    package let sources: [String]
    package let bytes: Int

    package enum CodingKeys: String, DocumentKey {
        case at, webhook, kind, id, event, from, outcome, status, message, sources, bytes

        package var meaning: String {
            switch self {
            case .at: "The time of the delivery."
            case .webhook: "The name of the webhook."
            case .kind: "The kind of the forge."
            case .id: "The id that the forge gave the delivery."
            case .event: "The name of the event."
            case .from: "The network address of the sender."
            case .outcome: "What became of the delivery."
            case .status: "The status of the answer."
            case .message: "One sentence for the operator."
            case .sources: "The sources that the delivery woke up."
            case .bytes: "The size of the body in bytes."
            }
        }
    }

    package init(
        at: Timestamp, webhook: String, kind: WebhookKind, id: String?, event: String?, from: String, outcome: String,
        status: Int, message: String, sources: [String], bytes: Int
    ) {
        self.at = at
        self.webhook = webhook
        self.kind = kind.rawValue
        self.id = id
        self.event = event
        self.from = from
        self.outcome = outcome
        self.status = status
        self.message = message
        self.sources = sources
        self.bytes = bytes
    }
}
