import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The definitions of a plan that change in the same way. Output for people shows their fields once.
struct ChangeGroup {
    let object: String
    /// The raw value of a ``DefinitionChange/Kind``; nil for a rollout that an earlier revision began.
    let kind: String?
    let isHeld: Bool
    /// The hold of the rollouts, for example `a freeze until …`; nil if the deletion guard or nothing holds them.
    let rolloutHold: String?
    let fields: [Field]
    /// The number of fields that the plan leaves out.
    let moreFields: Int
    private(set) var names: [String] = []
    /// The rollouts of the definitions, as one.
    private(set) var replaces = 0
    private(set) var keepsClaimable = 0
    private(set) var desired = 0

    struct Field: Hashable {
        let name: String
        let old: String?
        let new: String?
    }

    /// - Parameter change: The change of a definition; nil for a rollout of a definition that does not change.
    private init(_ change: DefinitionChangeDocument?, _ rollout: RolloutDocument?) {
        object = change?.object.text ?? "preset"
        kind = change?.change.text
        isHeld = (change?.held ?? (change == nil ? rollout?.held : nil)) == true
        rolloutHold = rollout?.heldBy
        fields = (change?.fields ?? []).map { field in
            Field(name: field.field, old: field.old.map(Self.shown), new: field.new.map(Self.shown))
        }
        moreFields = (change?.moreFields).bounded
    }

    private static func shown(_ text: String) -> String { text.isEmpty ? "\"\"" : text }

    /// Returns the groups of a plan in the order of their first definitions, and then the rollouts of definitions that do
    /// not change.
    /// - Parameter source: The only source to look at; nil for all.
    static func of(_ plan: PlanDocument, source: String? = nil) -> [ChangeGroup] {
        let ownChanges = plan.changes.filter { source == nil || $0.source == source }
        let ownRollouts = plan.rollouts.filter { source == nil || $0.source == source }
        var rollouts = Dictionary(ownRollouts.map { (Key($0), $0) }) { first, _ in first }
        var groups: [ChangeGroup] = []
        var places: [Identity: Int] = [:]
        func add(_ change: DefinitionChangeDocument?, _ rollout: RolloutDocument?, name: String) {
            let new = ChangeGroup(change, rollout)
            let place = places[new.identity] ?? groups.count
            if place == groups.count {
                places[new.identity] = place
                groups.append(new)
            }
            groups[place].add(name, rollout)
        }
        for change in ownChanges {
            let rollout = change.object == .preset ? rollouts.removeValue(forKey: Key(change)) : nil
            add(change, rollout, name: change.name)
        }
        for rollout in ownRollouts where rollouts[Key(rollout)] != nil {
            add(nil, rollout, name: rollout.preset)
        }
        return groups
    }

    private mutating func add(_ name: String, _ rollout: RolloutDocument?) {
        names.append(name)
        replaces += (rollout?.replaces).bounded
        keepsClaimable += (rollout?.keepsClaimable).bounded
        desired += (rollout?.desired).bounded
    }

    /// A definition, with the hold of its change: a rollout may run while the next change of the preset is held.
    private struct Key: Hashable {
        let source: String
        let name: String
        let isHeld: Bool

        init(_ change: DefinitionChangeDocument) {
            (source, name, isHeld) = (change.source, change.name, change.held == true)
        }

        init(_ rollout: RolloutDocument) {
            (source, name, isHeld) = (rollout.source, rollout.preset, rollout.held == true)
        }
    }

    private struct Identity: Hashable {
        let object: String
        let kind: String?
        let isHeld: Bool
        let rolloutHold: String?
        let fields: [Field]
        let moreFields: Int
    }

    private var identity: Identity {
        Identity(
            object: object, kind: kind, isHeld: isHeld, rolloutHold: rolloutHold, fields: fields, moreFields: moreFields
        )
    }

    /// The definitions, for example `preset go-small` or `7 presets (a, b, c, d, e and 2 more)`.
    var title: String {
        guard names.count > 1 else { return "\(object) \(names.first ?? "")" }
        let more = names.count > 5 ? " and \(names.count - 5) more" : ""
        return "\(counted(names.count, object)) (\(names.prefix(5).joined(separator: ", "))\(more))"
    }

    /// The most fields of an added definition that are shown.
    private static let addedLimit = 6
    /// The fields of an added definition that come first.
    private static let addedFirst = ["template", "version", "instances"]

    /// The fields of an added definition on one line, for example `template: go, version: 1.2, instances: 5`; nil for a
    /// definition that is not added.
    var addedFields: String? {
        guard kind == DefinitionChange.Kind.added.rawValue, !fields.isEmpty else { return nil }
        let left = max(0, fields.count - Self.addedLimit) + moreFields
        let first = Self.addedFirst.compactMap { name in fields.first { $0.name == name } }
        let ordered = first + fields.filter { !Self.addedFirst.contains($0.name) }
        let shown = ordered.prefix(Self.addedLimit).map { "\($0.name): \($0.new ?? "")" }.joined(separator: ", ")
        return left > 0 ? "\(shown) and \(counted(left, "more field"))" : shown
    }

    /// The rollout, for example `replaces 10 workspaces and keeps at least 8 of 10 claimable`; nil if nothing is replaced.
    var rollout: String? {
        guard replaces > 0 else { return nil }
        let hold = rolloutHold.map { ", held by \($0)" } ?? ""
        return
            "replaces \(counted(replaces, "workspace")) and keeps at least \(keepsClaimable) of \(desired) claimable\(hold)"
    }
}
