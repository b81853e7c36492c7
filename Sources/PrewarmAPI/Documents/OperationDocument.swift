package import PrewarmCore
package import PrewarmEngine

/// The kind of an operation in documents. prewarm plans no other.
package enum OperationKind: String, CaseIterable, Sendable {
    case create, delete, claim, inspect
}

extension Choice<OperationKind> {
    init(_ kind: Operation.Kind) { self.init(text: kind.rawValue) }
}

/// An operation on a workspace.
package struct OperationDocument: ObjectDocument {
    package let id: String
    package let type: Choice<OperationKind>
    package let workspace: String
    package let preset: String
    package let source: String
    package let provisioner: String
    package let reason: String
    package let state: Choice<Operation.State>
    package let attempt: Int
    package let nextAttemptAt: Timestamp?
    package let error: String?
    package let createdAt: Timestamp
    package let startedAt: Timestamp?
    package let finishedAt: Timestamp?

    package enum CodingKeys: String, DocumentKey {
        case id, type, workspace, preset, source, provisioner, reason, state, attempt, nextAttemptAt, error
        case createdAt, startedAt, finishedAt

        package var meaning: String {
            switch self {
            case .id: "The id of the operation."
            case .type: "What the provisioner does."
            case .workspace: "The id of the workspace."
            case .preset: "The name of the preset."
            case .source: "The name of the source."
            case .provisioner: "The name of the provisioner."
            case .reason: "Why prewarm decided it."
            case .state: "The state of the operation."
            case .attempt: "The number of attempts that began."
            case .nextAttemptAt: "The time of the next attempt, if the operation is pending."
            case .error: "The cause of the last failure, as far as the caller may read logs."
            case .createdAt: "The time of the decision."
            case .startedAt: "The time at which the last attempt began."
            case .finishedAt: "The time of the end."
            }
        }
    }

    /// Returns nil if the audience may not see the workspace.
    /// - Parameter owner: The owner of the workspace; nil if it is unclaimed.
    package init?(_ operation: Operation, owner: Owner?, for audience: some Audience) {
        guard audience.view(of: operation.preset, owner: owner) != .hidden else { return nil }
        id = operation.id.rawValue
        type = Choice(operation.kind)
        workspace = operation.workspace.rawValue
        preset = operation.preset.name
        source = operation.preset.source
        provisioner = operation.provisioner
        reason = operation.reason.rawValue
        state = Choice(operation.state)
        attempt = operation.attempt
        nextAttemptAt = operation.state == .pending ? operation.nextAttemptAt : nil
        error = audience.readsLogs(of: operation.preset) ? operation.error : operation.errorWithoutLog
        createdAt = operation.createdAt
        startedAt = operation.startedAt
        finishedAt = operation.finishedAt
    }

    /// The name of the workspace: the preset and the end of the id.
    package var workspaceLabel: String { Workspace.name(preset: preset, id: WorkspaceID(workspace)) }
}

/// An operation with the end of its log.
package typealias OperationDescription = Extended<OperationDocument, OperationDetails>

/// The members that `describe operation` adds to those of `get operations`.
package struct OperationDetails: ObjectDocument {
    package static var schemaName: String { "OperationDescription" }

    package let workspaceName: String
    package let logEnd: String?

    package enum CodingKeys: String, DocumentKey {
        case workspaceName, logEnd

        package var meaning: String {
            switch self {
            case .workspaceName: "The name of the workspace."
            case .logEnd: "The last 20 lines of the log, for readers of logs."
            }
        }
    }
}

/// The log of an operation.
package struct LogDocument: ObjectDocument {
    package let operation: String
    package let type: Choice<OperationKind>
    package let state: Choice<Operation.State>
    package let error: String?
    package let attempts: [LogAttempt]

    package enum CodingKeys: String, DocumentKey {
        case operation, type, state, error, attempts

        package var meaning: String {
            switch self {
            case .operation: "The id of the operation."
            case .type: "What the provisioner does."
            case .state: "The state of the operation."
            case .error: "The cause of the last failure."
            case .attempts: "The logs of the attempts, the oldest first."
            }
        }
    }
}

/// The text that the provisioner wrote to standard error in one attempt.
package struct LogAttempt: ObjectDocument {
    package let attempt: Int
    package let at: Timestamp
    package let text: String

    package enum CodingKeys: String, DocumentKey {
        case attempt, at, text

        package var meaning: String {
            switch self {
            case .attempt: "The number of the attempt, from 1."
            case .at: "The time of its end."
            case .text: "The lines of the log."
            }
        }
    }
}

/// An event.
package struct EventDocument: ObjectDocument {
    package let at: Timestamp
    package let type: Choice<Event.Kind>
    package let reason: String
    package let object: String
    package let source: String?
    package let preset: String?
    package let message: String

    package enum CodingKeys: String, DocumentKey {
        case at, type, reason, object, source, preset, message

        package var meaning: String {
            switch self {
            case .at: "The time of the event."
            case .type: "Whether it is a warning."
            case .reason: "One word for programs, for example CreateFailed."
            case .object: "The kind and the name of the object, for example workspace/go-large-swqygcqe."
            case .source: "The name of the source."
            case .preset: "The name of the preset."
            case .message: "One sentence for people."
            }
        }
    }

    /// Returns nil if the audience may not see the event.
    package init?(_ event: Event, for audience: some Audience) {
        guard audience.view(of: event) != .hidden else { return nil }
        let key = event.source.flatMap { source in event.preset.map { PresetKey(source: source, name: $0) } }
        at = event.at
        type = Choice(event.kind)
        reason = event.reason
        object = "\(event.object)/\(event.name)"
        source = event.source
        preset = event.preset
        message = audience.readsLogs(of: key) ? event.fullMessage : event.message
    }
}
