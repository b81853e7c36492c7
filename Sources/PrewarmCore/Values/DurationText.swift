extension Duration {
    /// Reads a duration, for example `90s`, `15m`, `24h`, `7d`, or a sum from large to small units (`1h30m`); nil for
    /// other text. The largest duration is ten years, so that adding it to a current time cannot overflow.
    package init?(prewarm text: String) {
        var total: Int64 = 0
        var value: Int64?
        var smallest = Int64.max
        for byte in text.utf8 {
            if (48...57).contains(byte) {
                let next = (value ?? 0) * 10 + Int64(byte - 48)
                guard next <= Duration.longestSeconds else { return nil }
                value = next
                continue
            }
            let unit: Int64
            switch byte {
            case UInt8(ascii: "s"): unit = 1
            case UInt8(ascii: "m"): unit = 60
            case UInt8(ascii: "h"): unit = 3600
            case UInt8(ascii: "d"): unit = 86_400
            default: return nil
            }
            guard let count = value, unit < smallest else { return nil }
            smallest = unit
            value = nil
            total += count * unit
            guard total <= Duration.longestSeconds else { return nil }
        }
        guard value == nil, smallest != .max else { return nil }
        self = .seconds(total)
    }

    /// The ECMA-262 pattern of the texts that ``init(prewarm:)`` reads, for JSON Schemas.
    package static let prewarmPattern = "^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"

    private static let longestSeconds: Int64 = 3650 * 86_400

    /// The duration in whole seconds, in the form that ``init(prewarm:)`` reads, for example `1h30m`, `7d` or `0s`.
    package var prewarmText: String {
        var rest = components.seconds
        guard rest > 0 else { return "0s" }
        var text = ""
        for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")] as [(Int64, String)] where rest >= unit {
            text += "\(rest / unit)\(name)"
            rest %= unit
        }
        return text
    }
}
