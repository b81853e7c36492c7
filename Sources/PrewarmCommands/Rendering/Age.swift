import PrewarmCore

extension Duration {
    /// The duration in one or two units, like the ages of `kubectl`. For example, 45 seconds are `45s` and 76 hours are `3d4h`.
    var age: String {
        let seconds = max(0, components.seconds)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<600: return "\(seconds / 60)m" + (seconds % 60 > 0 ? "\(seconds % 60)s" : "")
        case ..<10_800: return "\(seconds / 60)m"
        case ..<28_800: return "\(seconds / 3600)h" + (seconds / 60 % 60 > 0 ? "\(seconds / 60 % 60)m" : "")
        case ..<172_800: return "\(seconds / 3600)h"
        case ..<691_200: return "\(seconds / 86_400)d" + (seconds / 3600 % 24 > 0 ? "\(seconds / 3600 % 24)h" : "")
        default: return "\(seconds / 86_400)d"
        }
    }
}

extension Duration {
    /// The time that is left, in one or two units and rounded to the nearest one. So a token that expires after 90 days
    /// shows `90d` one second later, and two hours are `2h`.
    var remaining: String {
        let milliseconds = min(max(wholeMilliseconds, 0), .max / 2)
        let unit: Int64 =
            switch components.seconds {
            case ..<600: 1
            case ..<28_800: 60
            case ..<691_200: 3600
            default: 86_400
            }
        let rounded = Duration.seconds((milliseconds + unit * 500) / (unit * 1000) * unit)
        return (3600..<10_800).contains(rounded.components.seconds) ? rounded.prewarmText : rounded.age
    }
}

/// Returns a number with its noun, for example `1 workspace` or `2 workspaces`.
func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}
