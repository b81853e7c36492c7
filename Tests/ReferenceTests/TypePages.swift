import PrewarmCommands
import PrewarmCore
import PrewarmEngine
import PrewarmServer
import PrewarmTelemetry

/// The pages of events, metrics and exit codes, from the types of the program.
enum TypePages {
    static var events: ReferencePage {
        var body = """
            `prewarm get events` shows events. `prewarm describe` shows conditions, with the reason and the time since \
            which each has its status. Plans and operations have the reasons at the end of this page.

            """
        for subject in EventReason.Subject.allCases {
            var table = MarkdownTable(columns: ["reason", "meaning"])
            table.rows = EventReason.allCases.filter { $0.subject == subject }.map { ["`\($0.rawValue)`", $0.meaning] }
            body += "\n## Events: \(subject.rawValue)\n\n\(table.text)"
        }
        var conditions = MarkdownTable(columns: ["condition", "meaning"])
        conditions.rows = Condition.Kind.allCases.map { ["`\($0.rawValue)`", $0.meaning] }
        body +=
            "\n## Conditions\n\n`Ready` always exists. The others exist only while they are true.\n\n\(conditions.text)"
        var reasons = MarkdownTable(columns: ["condition", "reason", "meaning"])
        for kind in Condition.Kind.allCases {
            for reason in ConditionReason.allCases where reason.condition == kind {
                reasons.rows.append(["`\(kind.rawValue)`", "`\(reason.rawValue)`", reason.meaning])
            }
        }
        body += "\n## Reasons of conditions\n\n\(reasons.text)"
        body +=
            "\n`Ready` of a source that prewarm cannot read is `False`, with a reason of \"Sources that prewarm cannot"
        body += " read\".\n"
        var actions = MarkdownTable(columns: ["reason", "meaning"])
        actions.rows = Reason.allCases.map { ["`\($0.rawValue)`", $0.meaning] }
        body += "\n## Reasons of actions and operations\n\n\(actions.text)"
        return ReferencePage(
            name: "ReferenceEvents", title: "Events and conditions",
            abstract: "The reasons of events, conditions, actions and operations. Programs can rely on these words.",
            body: body)
    }

    static var metrics: ReferencePage {
        var body =
            "`/metrics` has these metrics in the text format of Prometheus. <doc:Monitor> connects Prometheus.\n\n"
        var table = MarkdownTable(columns: ["metric", "type", "labels", "meaning"])
        table.rows = MetricDescriptor.all.map { metric in
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            return ["`\(metric.name)`", metric.kind.rawValue, labels, metric.help]
        }
        body += table.text
        body +=
            "\nCounters and histograms begin at 0 when the process starts. A histogram has these buckets, in seconds:\n\n"
        var buckets = MarkdownTable(columns: ["metric", "buckets"])
        buckets.rows = MetricDescriptor.all.filter { !$0.buckets.isEmpty }.map { metric in
            ["`\(metric.name)`", metric.buckets.map { "\($0)".replacing(/\.0$/, with: "") }.joined(separator: ", ")]
        }
        body += buckets.text
        return ReferencePage(
            name: "ReferenceMetrics", title: "Metrics",
            abstract: "Each metric with its type, its labels and its meaning.", body: body)
    }

    static var exitCodes: ReferencePage {
        var table = MarkdownTable(columns: ["exit code", "commands", "meaning"])
        table.rows = ExitStatus.allCases.map { ["\($0.rawValue)", $0.commands, $0.detail + $0.meaning] }
        return ReferencePage(
            name: "ReferenceExitCodes", title: "Exit codes",
            abstract: "The exit codes of the commands. The exit codes of provisioners are in <doc:WriteAProvisioner>.",
            body: table.text)
    }
}
