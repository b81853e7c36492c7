import PrewarmCore

/// Warns of windows that cover only a few minutes at a time. For example, `0 8-18 * * *` looks like the hours from 8 to
/// 18, but covers only the first minute of each hour.
enum WindowCheck {
    /// A window of fewer minutes in a row is probably a mistake, because a pool is not filled in that time.
    private static let fewMinutes = 5

    /// - Parameter document: A preset without errors.
    static func warnings(of document: DocumentReader) -> [Diagnostic] {
        (document["spec"]?["schedule"]?["windows"]?.elements ?? []).compactMap { window in
            guard let text = window["cron"], let cron = try? CronExpression(text.text),
                cron.longestRunOfMinutes < fewMinutes
            else { return nil }
            let run = cron.longestRunOfMinutes
            let fields = text.text.split(whereSeparator: \.isWhitespace).dropFirst().joined(separator: " ")
            return Diagnostic(
                .warning, at: text.position,
                "the window \"\(text.text.shortened)\" covers only \(run.counted("minute")) at a time",
                hint: "for whole hours, write cron: \"* \(fields)\". A window covers each minute that matches its cron")
        }
    }
}
