import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The presets whose builds fail for the same cause. Output for people has one line for them.
struct PresetFailures {
    private let cause: String
    /// The names of the presets.
    private let names: [String]
    /// The presets (``PresetDocument/presetKey``).
    let keys: [String]
    /// The largest number of failed builds in a row.
    private let builds: Int
    /// The number of the presets that are stalled.
    private let stalled: Int
    /// The time of the next build of any of the presets.
    private let next: Timestamp?

    /// Returns the causes in the order of their first presets. A preset that is suspended has no next build, and is left
    /// out.
    /// - Parameter least: The least number of presets with the same cause.
    static func of(_ presets: [PresetDocument], least: Int) -> [PresetFailures] {
        let failing = presets.filter { preset in
            preset.failure != nil && !preset.converged && preset.conditions[.suspended] == nil
        }
        let groups = Dictionary(grouping: failing) { $0.failure?.cause ?? "" }
        var seen: Set<String> = []
        return failing.compactMap { preset in
            let cause = preset.failure?.cause ?? ""
            guard let group = groups[cause], group.count >= least, seen.insert(cause).inserted else { return nil }
            return PresetFailures(
                cause: cause, names: group.map(\.name), keys: group.map(\.presetKey),
                builds: group.compactMap { $0.failure?.builds }.max() ?? 0,
                stalled: group.count { $0.conditions[.stalled] != nil },
                next: group.compactMap { $0.failure?.nextTryAt }.min())
        }
    }

    /// The cause with the presets and the next step, for example `exit code 3: no space left: the builds of 2 presets fail
    /// (go-large, go-small). To try again now: …`.
    func sentence(_ times: ShownTimes) -> TerminalText {
        let next = next.map { ". " + times.sentence("Next try: \($0.inSentence)") } ?? ""
        if names.count == 1 {
            let state = stalled > 0 ? ", stalled" : ""
            return
                "\(cause): the builds of \(names[0]) fail (\(builds) in a row\(state)). To try again now: `prewarm retry \(names[0])`\(next)"
        }
        let shown = names.prefix(5).joined(separator: ", ")
        let more = names.count > 5 ? ", and \(counted(names.count - 5, "more preset"))" : ""
        let states = stalled > 0 ? "; \(counted(stalled, "preset is", plural: "presets are")) stalled" : ""
        return
            "\(cause): the builds of \(names.count) presets fail (\(shown)\(more))\(states). To try again now: `prewarm retry NAME`, or `prewarm retry --all`\(next)"
    }
}

extension PresetDocument {
    /// The source and the name of the document of a preset: two sources may have presets of the same name.
    var presetKey: String { "\(source)/\(name)" }
}
