import PrewarmAPI
import PrewarmCore

/// The state of a pool in one word with a shape. The word and the shape differ for each state, so that no state depends on
/// its color alone.
struct PoolState: Hashable {
    enum Tone: String {
        case good, busy, bad, warning, quiet
    }

    let word: String
    let tone: Tone
    let icon: Icon

    /// - Parameter preset: A document of a preset. Conditions that this version does not know are shown with their type.
    init(_ preset: PresetDocument) {
        self = Self.attention(preset) ?? Self.ordinary(preset)
    }

    private init(_ word: String, _ tone: Tone, _ icon: Icon) {
        self.word = word
        self.tone = tone
        self.icon = icon
    }

    /// Returns the worst condition that needs a person; nil if no condition does.
    private static func attention(_ preset: PresetDocument) -> PoolState? {
        let types = trueTypes(preset)
        for (type, state) in worstFirst where types.contains(type) { return state }
        if let unknown = types.first(where: { !usual.contains($0) }) { return PoolState(unknown, .warning, .triangle) }
        return nil
    }

    private static let worstFirst: [(String, PoolState)] = [
        ("Stalled", PoolState("Stalled", .bad, .cross)),
        ("HandoverFailing", PoolState("Handover failing", .bad, .cross)),
        ("ProvisionerUnavailable", PoolState("Provisioner unavailable", .bad, .cross)),
        ("Invalid", PoolState("Invalid manifest", .bad, .triangle)),
        ("DeletionsHeld", PoolState("Changes held", .warning, .hold)),
        ("ClaimUnhealthy", PoolState("Claimed one unhealthy", .warning, .triangle)),
        ("BackingOff", PoolState("Backing off", .warning, .clock)),
    ]

    /// The types of conditions that ``ordinary(_:)`` covers.
    private static let usual: Set<String> = ["Ready", "Reconciling", "Suspended", "Limited", "Deprecated", "Pinned"]

    private static func ordinary(_ preset: PresetDocument) -> PoolState {
        let types = trueTypes(preset)
        let isReady = types.contains("Ready")
        if types.contains("Suspended") { return PoolState("Suspended", .quiet, .pause) }
        if types.contains("Deprecated") { return PoolState("Deprecated", .quiet, .dash) }
        if !isReady, types.contains("Limited") { return PoolState("Limited", .warning, .bar) }
        if preset.outdated > 0 { return PoolState("Rolling out", .busy, .half) }
        if !isReady { return PoolState(preset.starting > 0 ? "Filling" : "Short", .busy, .half) }
        if preset.desired == 0 { return PoolState("Scaled to zero", .quiet, .dash) }
        return PoolState("Ready", .good, .check)
    }

    private static func trueTypes(_ preset: PresetDocument) -> [String] {
        preset.conditions.filter { $0.status == .yes }.map(\.type)
    }

    /// The badge: the shape and the word.
    var badge: Markup {
        "<span class=\"badge \(tone.rawValue)\">\(icon.markup)\(word)</span>"
    }
}

/// The shapes of the dashboard, as inline SVG. They are decoration beside a word, so screen readers skip them.
enum Icon: String {
    case check, half, cross, triangle, clock, pause, hold, bar, dash

    var markup: Markup {
        "<svg class=\"icon\" viewBox=\"0 0 16 16\" width=\"16\" height=\"16\" aria-hidden=\"true\" focusable=\"false\">\(shape)</svg>"
    }

    private var shape: Markup {
        switch self {
        case .check: "<circle cx=\"8\" cy=\"8\" r=\"7\"/><path class=\"mark\" d=\"M4.6 8.3l2.3 2.3 4.5-4.9\"/>"
        case .half: "<circle class=\"ring\" cx=\"8\" cy=\"8\" r=\"6.2\"/><path d=\"M8 1.8a6.2 6.2 0 0 1 0 12.4z\"/>"
        case .cross:
            "<path d=\"M5 1h6l4 4v6l-4 4H5l-4-4V5z\"/><path class=\"mark\" d=\"M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2\"/>"
        case .triangle: "<path d=\"M8 1.2L15.4 14.4H.6z\"/><path class=\"mark\" d=\"M8 6v4M8 11.6v1\"/>"
        case .clock: "<circle class=\"ring\" cx=\"8\" cy=\"8\" r=\"6.2\"/><path class=\"line\" d=\"M8 4.4V8l2.6 1.8\"/>"
        case .pause:
            "<rect x=\"3\" y=\"2.5\" width=\"3.6\" height=\"11\" rx=\"1\"/><rect x=\"9.4\" y=\"2.5\" width=\"3.6\" height=\"11\" rx=\"1\"/>"
        case .hold:
            "<rect x=\"1.5\" y=\"1.5\" width=\"13\" height=\"13\" rx=\"3\"/><path class=\"mark\" d=\"M6.2 5v6M9.8 5v6\"/>"
        case .bar: "<path d=\"M8 1l7 7-7 7-7-7z\"/><path class=\"mark\" d=\"M5.2 8h5.6\"/>"
        case .dash: "<circle class=\"ring\" cx=\"8\" cy=\"8\" r=\"6.2\"/><path class=\"line\" d=\"M5 8h6\"/>"
        }
    }
}
