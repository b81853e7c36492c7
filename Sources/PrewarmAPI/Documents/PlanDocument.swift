package import PrewarmCore
import PrewarmEngine

/// A plan: the actions of a sync at this moment, with reasons.
package struct PlanDocument: ObjectDocument {
    package let revision: String?
    package let revisions: OrderedMap<String>?
    package let at: Timestamp
    package let applied: OrderedMap<String>
    package let changes: [DefinitionChangeDocument]
    package let moreChanges: Int?
    package let rollouts: [RolloutDocument]
    package let actions: [ActionDocument]
    package let held: [ActionDocument]
    package let presets: [PresetDocument]
    package let diagnostics: [DiagnosticDocument]
    package let failures: [SourceFailureDocument]?
    package let summary: PlanSummaryDocument

    package enum CodingKeys: String, DocumentKey {
        case revision, revisions, at, applied, changes, moreChanges, rollouts, actions, held, presets, diagnostics
        case failures, summary

        package var meaning: String {
            switch self {
            case .revision: "The planned revision, if the plan is of one source."
            case .revisions: "The planned revisions by source, if there are several."
            case .at: "The time of the plan."
            case .applied: "The applied revisions by source."
            case .changes: "The changes of presets and templates since the applied revisions, at most 1000."
            case .moreChanges: "The number of changes that are left out."
            case .rollouts: "What the rollouts of presets replace."
            case .actions: "The actions of the next sync, in their order."
            case .held: "The actions that wait for something, for example an approval."
            case .presets: "The presets with the state of their pools."
            case .diagnostics: "The errors and warnings in the manifests."
            case .failures: "The sources that cannot be read."
            case .summary: "The numbers of actions and replacements."
            }
        }
    }
}

/// The numbers of actions and replacements of a plan.
package struct PlanSummaryDocument: ObjectDocument {
    package static var schemaName: String { "PlanSummary" }

    package let create: Int
    package let delete: Int
    package let cancel: Int
    package let held: Int
    package let replace: Int
    package let replaceHeld: Int

    package enum CodingKeys: String, DocumentKey {
        case create, delete, cancel, held, replace, replaceHeld

        package var meaning: String {
            switch self {
            case .create: "The number of workspaces to create."
            case .delete: "The number of workspaces to delete."
            case .cancel: "The number of creates to cancel."
            case .held: "The number of actions that wait."
            case .replace: "The number of workspaces that rollouts replace."
            case .replaceHeld: "The number of workspaces that rollouts replace after an approval."
            }
        }
    }
}

/// The rollout of a preset.
package struct RolloutDocument: ObjectDocument {
    package let preset: String
    package let source: String
    package let replaces: Int
    package let keepsClaimable: Int
    package let desired: Int
    package let held: Bool?
    package let heldBy: String?

    package enum CodingKeys: String, DocumentKey {
        case preset, source, replaces, keepsClaimable, desired, held, heldBy

        package var meaning: String {
            switch self {
            case .preset: "The name of the preset."
            case .source: "The name of the source."
            case .replaces: "The number of workspaces that it replaces."
            case .keepsClaimable: "The smallest number of claimable workspaces meanwhile."
            case .desired: "The number of workspaces that should be ready."
            case .held: "True if it begins after an approval."
            case .heldBy: "What holds it, for example a freeze."
            }
        }
    }

    init(_ rollout: Rollout) {
        preset = rollout.preset.name
        source = rollout.preset.source
        replaces = rollout.replaces
        keepsClaimable = rollout.keepsClaimable
        desired = rollout.desired
        held = rollout.isHeld ? true : nil
        heldBy = rollout.hold?.message
    }
}

/// An action of a plan.
package struct ActionDocument: ObjectDocument {
    package let action: Choice<Action.Kind>
    package let preset: String
    package let source: String
    package let workspace: String?
    package let reason: String
    package let message: String?
    package let heldBy: String?
    package let needsApproval: Bool?

    package enum CodingKeys: String, DocumentKey {
        case action, preset, source, workspace, reason, message, heldBy, needsApproval

        package var meaning: String {
            switch self {
            case .action: "The kind of the action."
            case .preset: "The name of the preset."
            case .source: "The name of the source."
            case .workspace: "The id of the workspace, if it exists already."
            case .reason: "Why prewarm decided it."
            case .message: "The reason in words, with numbers."
            case .heldBy: "What the action waits for."
            case .needsApproval: "True if it waits for an approval."
            }
        }
    }
}

/// A source that cannot be read.
package struct SourceFailureDocument: ObjectDocument {
    package let source: String
    package let reason: String
    package let message: String
    package let hint: String?
    package let inForce: String?

    package enum CodingKeys: String, DocumentKey {
        case source, reason, message, hint, inForce

        package var meaning: String {
            switch self {
            case .source: "The name of the source."
            case .reason: "One word for programs, for example Unreachable."
            case .message: "One sentence that says why."
            case .hint: "The next step."
            case .inForce: "The revision that stays applied, and that the plan uses."
            }
        }
    }

    /// Returns nil if the source was read.
    init?(_ report: ReconcileReport) {
        guard let failure = report.failure else { return nil }
        source = report.source
        reason = failure.reason.rawValue
        message = failure.message
        hint = failure.hint
        inForce = report.revision?.description
    }
}
