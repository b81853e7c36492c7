import PrewarmCore
import PrewarmEngine

/// The definitions of a plan that change in the same way. Output for people shows their fields once.
struct ChangeGroup {
    let object: String
    /// The raw value of a ``DefinitionChange/Kind``; nil for a rollout that an earlier revision began.
    let kind: String?
    let isHeld: Bool
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

    private init(_ change: Value) {
        object = change.text("object") ?? "preset"
        kind = change.text("change")
        isHeld = change["held"]?.bool == true
        fields = change.list("fields").map { field in
            Field(
                name: field.text("field") ?? "", old: field.text("old").map(Self.shown),
                new: field.text("new").map(Self.shown))
        }
        moreFields = change.number("moreFields")
    }

    private static func shown(_ text: String) -> String { text.isEmpty ? "\"\"" : text }

    /// Returns the groups of a plan in the order of their first definitions, and then the rollouts of definitions that do
    /// not change.
    /// - Parameter source: The only source to look at; nil for all.
    static func of(_ plan: Value, source: String? = nil) -> [ChangeGroup] {
        func mine(_ key: String) -> [Value] {
            plan.list(key).filter { source == nil || $0.text("source") == source }
        }
        var rollouts = Dictionary(mine("rollouts").map { (Key($0, name: "preset"), $0) }) { first, _ in first }
        var groups: [ChangeGroup] = []
        var places: [Identity: Int] = [:]
        func add(_ change: Value, _ rollout: Value?, name: String) {
            let new = ChangeGroup(change)
            let place = places[new.identity] ?? groups.count
            if place == groups.count {
                places[new.identity] = place
                groups.append(new)
            }
            groups[place].add(name, rollout)
        }
        for change in mine("changes") {
            let isPreset = change.text("object") == "preset"
            let rollout = isPreset ? rollouts.removeValue(forKey: Key(change, name: "name")) : nil
            add(change, rollout, name: change.text("name") ?? "")
        }
        for rollout in mine("rollouts") where rollouts[Key(rollout, name: "preset")] != nil {
            add(.object([]), rollout, name: rollout.text("preset") ?? "")
        }
        return groups
    }

    private mutating func add(_ name: String, _ rollout: Value?) {
        names.append(name)
        replaces += rollout?.number("replaces") ?? 0
        keepsClaimable += rollout?.number("keepsClaimable") ?? 0
        desired += rollout?.number("desired") ?? 0
    }

    private struct Key: Hashable {
        let source: String
        let name: String

        init(_ document: Value, name key: String) {
            source = document.text("source") ?? ""
            name = document.text(key) ?? ""
        }
    }

    private struct Identity: Hashable {
        let object: String
        let kind: String?
        let isHeld: Bool
        let fields: [Field]
        let moreFields: Int
    }

    private var identity: Identity {
        Identity(object: object, kind: kind, isHeld: isHeld, fields: fields, moreFields: moreFields)
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
        return "replaces \(counted(replaces, "workspace")) and keeps at least \(keepsClaimable) of \(desired) claimable"
    }
}
