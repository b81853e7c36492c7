extension Plan {
    /// Returns the digest of the revision, the actions and the held actions: 64 hexadecimal digits. Two plans that
    /// do the same have the same digest, so that `sync --plan` can refuse a plan that no longer applies.
    package func digest(revision: Revision?) -> String {
        var lines = [revision?.description ?? "none"]
        lines += actions.map(\.line)
        lines.append("held")
        lines += held.map { "\($0.action.line) \($0.hold.message)" }
        let digits = Array("0123456789abcdef")
        let bytes = SHA256.digest(Array(lines.joined(separator: "\n").utf8))
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

extension Action {
    fileprivate var line: String {
        "\(kind.rawValue) \(preset) \(workspace?.rawValue ?? "-") \(reason.rawValue)"
    }
}
