import PrewarmCore

/// Finds windows of a schedule that cover single minutes: whoever knows cron for starting jobs writes `0 8-18 * * *` for
/// the hours from 8 to 18, and gets one minute of each.
enum WindowCheck {
    /// Windows of fewer minutes in a row are hardly meant: no pool is filled in that time.
    private static let fewMinutes = 5

    /// - Parameter document: a preset without errors.
    static func warnings(of document: DocumentReader) -> [Diagnostic] {
        (document["spec"]?["schedule"]?["windows"]?.elements ?? []).compactMap { window in
            guard let text = window["cron"], let cron = try? CronExpression(text.text),
                cron.longestRunOfMinutes < fewMinutes
            else { return nil }
            let run = cron.longestRunOfMinutes
            let fields = text.text.split(whereSeparator: \.isWhitespace).dropFirst().joined(separator: " ")
            return Diagnostic(
                .warning, at: text.position,
                "the window \"\(text.text.shortened)\" covers \(run == 1 ? "single minutes" : "\(run) minutes at a time")",
                hint: "a window covers the minutes that its cron matches; for whole hours write \"* \(fields)\"")
        }
    }
}
