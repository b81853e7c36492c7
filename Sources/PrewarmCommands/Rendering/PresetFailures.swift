import PrewarmCore
import PrewarmEngine

/// Several presets whose builds fail for the same cause. Output for people has one line for them.
struct PresetFailures {
    private let cause: String
    /// The names of the presets.
    let names: [String]
    /// The time of the next build of any of the presets.
    private let next: Timestamp?

    /// Returns the causes that several presets have in common, in the order of their first presets. A preset that is
    /// suspended has no next build, and is left out.
    static func of(_ presets: [Value]) -> [PresetFailures] {
        let failing = presets.filter { preset in
            preset["failure"] != nil && preset["converged"]?.bool != true && preset.condition(.suspended) == nil
        }
        let groups = Dictionary(grouping: failing) { $0["failure"]?.text("cause") ?? "" }
        var seen: Set<String> = []
        return failing.compactMap { preset in
            let cause = preset["failure"]?.text("cause") ?? ""
            guard let group = groups[cause], group.count > 1, seen.insert(cause).inserted else { return nil }
            return PresetFailures(
                cause: cause, names: group.compactMap { $0.text("name") },
                next: group.compactMap { $0["failure"]?.time("nextTryAt") }.min())
        }
    }

    /// The cause with the presets and the next step, for example `exit code 3: no space left: no build of 2 presets
    /// succeeds (go-large, go-small). To try again now: …`.
    func sentence(_ times: ShownTimes) -> TerminalText {
        let shown = names.prefix(5).joined(separator: ", ")
        let more = names.count > 5 ? ", and \(counted(names.count - 5, "more preset"))" : ""
        let next = next.map { ". " + times.sentence("Next try: \($0.inSentence)") } ?? ""
        return
            "\(cause): the builds of \(names.count) presets fail (\(shown)\(more)). To try again now: `prewarm retry NAME`, or `prewarm retry --all`\(next)"
    }
}
