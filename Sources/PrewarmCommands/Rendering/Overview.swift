import PrewarmCore
import PrewarmEngine

/// Everything on one screen.
struct Overview {
    private let sources: [SourceStatus]
    private let presets: [PresetStatus]
    /// Unfinished ones that failed before.
    private let failing: [Operation]
    private let orphaned: Set<String>
    /// In the store, and not in the configuration any more.
    private let unconfigured: [String]
    /// Listed by a provisioner, and known to nobody.
    private let orphans: [Orphan]
    private let now: Timestamp

    init(_ context: Context) async throws {
        now = context.engine.now()
        sources = try await context.sourceStatuses()
        unconfigured = try await context.store.read { store in
            try store.sources().map(\.name).filter { context.engine.sources[$0] == nil }
        }
        presets = try await context.assess().flatMap(\.statuses)
        let pending = try await context.store.read { store in
            try store.operations(OperationFilter(states: [.pending])).map(\.operation)
        }
        orphans = try await context.store.read { try $0.orphans() }
        failing = pending.filter { $0.error != nil && $0.kind != .inspect }
        orphaned = Set(pending.map(\.provisioner)).subtracting(context.engine.provisioners.keys)
    }

    var isHealthy: Bool {
        sources.allSatisfy(\.isHealthy) && presets.allSatisfy(\.isHealthy) && failing.isEmpty && orphaned.isEmpty
            && unconfigured.isEmpty
    }

    var value: Value {
        .object(known: [
            "at": Value(now),
            "healthy": .bool(isHealthy),
            "sources": .array(sources.map { Value($0) }),
            "presets": .array(presets.map { Value($0) }),
            "failing": .array(failing.map { Value($0) }),
            "orphans": orphans.isEmpty ? nil : .array(orphans.map { Value($0) }),
            "unconfiguredSources": unconfigured.isEmpty ? nil : .array(unconfigured.map { .string($0) }),
        ])
    }

    func text(_ console: Console) -> String {
        let colour = console.coloursOutput
        var text = ""
        for source in sources {
            let ready = source.conditions[0]
            let symbol =
                source.isHealthy ? Style.green.apply(to: "✔", colour: colour) : Style.red.apply(to: "✗", colour: colour)
            let since = ready.since.map { " (\((now - $0).age) ago)" } ?? ""
            text +=
                "\(symbol) source \(Style.bold.apply(to: source.name, colour: colour))  \(source.record?.applied?.short ?? "no revision")\(ready.status == .yes ? since : "")\n"
            if ready.status != .yes {
                text += "    \(ready.reason): \(ready.message)" + (ready.since.map { ", since \($0)" } ?? "") + "\n"
            }
            if let pinned = source.conditions.first(where: { $0.kind == .pinned }) {
                text += Style.yellow.apply(to: "  ! \(pinned.message)", colour: colour) + "\n"
                text += "    what is pushed is not applied; `prewarm unpin \(source.name)` ends it\n"
            }
            for diagnostic in source.diagnostics {
                let mark = diagnostic.severity == .error ? "    " : Style.yellow.apply(to: "  ! ", colour: colour)
                text += "\(mark)\(diagnostic.location): \(diagnostic.message)\n"
            }
        }
        if presets.isEmpty {
            text += "No presets are in force.\n"
        } else {
            text += "\n" + PresetTable(presets, isWide: false).text(console)
        }
        let attention = presets.filter {
            !$0.isHealthy || $0[.suspended] != nil || $0[.limited] != nil
                || $0[.deletionsHeld] != nil
        }
        if !attention.isEmpty {
            text += "\n"
            for preset in attention {
                for condition in preset.conditions where ![.ready, .reconciling].contains(condition.kind) {
                    text +=
                        "\(Style.yellow.apply(to: "!", colour: colour)) \(preset.preset.key.name) \(condition.kind.rawValue): \(condition.message)\n"
                }
            }
        }
        if !failing.isEmpty { text += "\n" }
        for operation in failing.prefix(20) {
            text +=
                "\(Style.red.apply(to: "✗", colour: colour)) \(operation.kind.rawValue) of \(Workspace.name(preset: operation.preset.name, id: operation.workspace)) was not done in \(counted(operation.attempt, "attempt")), tried again at \(operation.nextAttemptAt): \((operation.error ?? "").asOneLine)\n"
        }
        if failing.count > 20 { text += "  and \(failing.count - 20) more: `prewarm get operations --state pending`\n" }
        if !orphans.isEmpty {
            text +=
                "! \(counted(orphans.count, "workspace")) of provisioners \(orphans.count == 1 ? "is" : "are") known to nobody: `prewarm get orphans`\n"
        }
        for name in unconfigured {
            text += "! the source \"\(name)\" is not in the configuration any more: its workspaces stay as they are\n"
        }
        for name in orphaned.sorted() {
            text += "! operations wait for the provisioner \"\(name)\", which the configuration does not name\n"
        }
        return text
    }
}
