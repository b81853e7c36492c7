package import PrewarmCore

/// The progress of a sync request.
package struct SyncRequestDocument: ObjectDocument {
    /// All states but `queued` and `running` are final.
    package enum State: String, CaseIterable, Sendable {
        case queued, running, converged, superseded, held, stalled, failed

        package var isFinal: Bool { self != .queued && self != .running }
    }

    package let request: String
    package let state: Choice<State>
    package let message: String
    package let hint: String?
    package let sources: [String]
    package let preset: String?
    package let revision: String?
    package let supersededBy: String?
    package let applied: OrderedMap<String>
    package let ready: Int?
    package let desired: Int?
    package let unfinished: [UnfinishedPool]
    package let unfinishedTotal: Int?
    package let diagnostics: [DiagnosticDocument]
    package let createdAt: Timestamp
    package var timedOut: Bool?

    package enum CodingKeys: String, DocumentKey {
        case request, state, message, hint, sources, preset, revision, supersededBy, applied, ready, desired
        case unfinished, unfinishedTotal, diagnostics, createdAt, timedOut

        package var meaning: String {
            switch self {
            case .request: "The id of the request."
            case .state: "The state, which is final unless it is `queued` or `running`."
            case .message: "One sentence about the progress."
            case .hint: "The next step."
            case .sources: "The names of the sources."
            case .preset: "The only preset that the request is about."
            case .revision: "The requested revision."
            case .supersededBy: "The later revision that was applied instead."
            case .applied: "The applied revisions by source."
            case .ready: "The number of ready workspaces."
            case .desired: "The number of workspaces that should be ready."
            case .unfinished: "The first pools that have not converged."
            case .unfinishedTotal: "The number of all such pools."
            case .diagnostics: "The errors and warnings in the manifests."
            case .createdAt: "The time of the request."
            case .timedOut: "True if the wait ended before the sync."
            }
        }
    }

    package init(
        request: String, state: State, message: String, hint: String?, sources: [String], preset: String?,
        revision: String?, supersededBy: String?, applied: OrderedMap<String>, ready: Int?, desired: Int?,
        unfinished: [UnfinishedPool], unfinishedTotal: Int?, diagnostics: [DiagnosticDocument], createdAt: Timestamp
    ) {
        self.request = request
        self.state = Choice(state)
        self.message = message
        self.hint = hint
        self.sources = sources
        self.preset = preset
        self.revision = revision
        self.supersededBy = supersededBy
        self.applied = applied
        self.ready = ready
        self.desired = desired
        self.unfinished = unfinished
        self.unfinishedTotal = unfinishedTotal
        self.diagnostics = diagnostics
        self.createdAt = createdAt
    }
}

/// A pool that has not converged.
package struct UnfinishedPool: ObjectDocument {
    package let preset: String
    package let source: String
    package let message: String

    package enum CodingKeys: String, DocumentKey {
        case preset, source, message

        package var meaning: String {
            switch self {
            case .preset: "The name of the preset."
            case .source: "The name of the source."
            case .message: "One sentence that says what is missing."
            }
        }
    }

    package init(preset: PresetKey, message: String) {
        self.preset = preset.name
        source = preset.source
        self.message = message
    }
}
