/// The redirects of deprecated presets.
extension Linker {
    /// Reports an error if the redirects from a preset come back to it, or if there are too many of them.
    mutating func checkRedirect(of draft: PresetDraft, _ path: String) {
        guard draft.redirect != nil else { return }
        let course = course(from: draft.name.value)
        let (isLoop, text) = (course.last == draft.name.value, course.joined(separator: " → "))
        guard isLoop || course.count > Deprecation.mostRedirects + 1 else { return }
        report(
            path, draft.replacement,
            isLoop
                ? "invalid replacement: the redirects form a loop: \(text)"
                : "invalid replacement: claims would follow more than \(Deprecation.mostRedirects) redirects: \(text)",
            hint: isLoop
                ? "remove `redirect: true` from one of these presets"
                : "name the last preset as the replacement of each of these presets")
    }

    /// Returns the names of the presets that claims of a preset come by, at most two more than redirects are allowed. It
    /// ends with the first name that comes twice.
    private func course(from name: String) -> [String] {
        var course = [name]
        while course.count < Deprecation.mostRedirects + 2, let last = course.last, let next = redirects[last] {
            let isLoop = course.contains(next)
            course.append(next)
            if isLoop { break }
        }
        return course
    }

    /// Adds a notice to each preset whose claims follow to a preset that refuses them.
    mutating func noteDeadEnds(_ drafts: [(path: String, draft: PresetDraft)]) {
        guard !redirects.isEmpty else { return }
        let linked = Dictionary(presets.map { ($0.key.name, $0) }) { first, _ in first }
        for (path, draft) in drafts where draft.redirect != nil && linked[draft.name.value] != nil {
            guard let last = course(from: draft.name.value).last, let target = linked[last], target.redirect == nil,
                let reason = target.retirement?.refusal
            else { continue }
            note(
                path, draft.replacement, "claims of this preset are refused: its replacement \"\(last)\" \(reason)",
                hint: "name a preset that can be claimed as the replacement")
        }
    }
}

extension PresetDraft {
    /// The name of the preset that claims get workspaces of instead; nil if claims are not redirected.
    var redirect: String? { deprecated.flatMap { $0.redirects ? $0.replacement : nil } }
}

extension Preset.Retirement {
    /// The reason why claims are refused, as the end of a sentence.
    fileprivate var refusal: String {
        switch self {
        case .deprecated: "is deprecated"
        case .templateDeprecated: "has a deprecated template"
        case .inactive: "has a version that is not active"
        case .pruned: "was removed"
        }
    }
}
