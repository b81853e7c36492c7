extension Plan {
    /// Returns the digest of the revision, the actions and the held actions: 64 hexadecimal digits. Two plans that
    /// do the same have the same digest, so that `sync --plan` can refuse a plan that no longer applies.
    package func digest(revision: Revision?) -> String {
        var lines = [revision?.description ?? "none"]
        lines += actions.map(\.line)
        lines.append("held")
        lines += held.map { "\($0.action.line) \($0.hold.code)" }
        return SHA256.hexadecimal(of: Array(lines.joined(separator: "\n").utf8), bytes: 32)
    }
}

extension Hold {
    /// The hold with its numbers, for the digest of a plan. It has no words for people, so that another wording does not
    /// make saved plans void.
    fileprivate var code: String {
        switch self {
        case .instancesPerPreset(let limit): "instancesPerPreset \(limit)"
        case .instancesPerSource(let limit): "instancesPerSource \(limit)"
        case .instances(let limit): "instances \(limit)"
        case .actionsPerTurn(let limit): "actionsPerTurn \(limit)"
        case .deletionGuard(let removed, let gone, let all): "deletionGuard \(removed) \(gone) \(all)"
        case .pathEmptied(let removed, let gone): "pathEmptied \(removed) \(gone)"
        case .confirm: "confirm"
        case .retain: "retain"
        case .observe: "observe"
        case .suspension: "suspension"
        case .freeze(let until): "freeze \(until.milliseconds)"
        case .timezone(let name): "timezone \(name)"
        case .restoredStore: "restoredStore"
        }
    }
}

extension Action {
    fileprivate var line: String {
        "\(kind.rawValue) \(preset) \(workspace?.rawValue ?? "-") \(reason.rawValue)"
    }
}
