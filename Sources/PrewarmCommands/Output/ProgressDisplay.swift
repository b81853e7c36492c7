import PrewarmCore
import PrewarmEngine
import Synchronization

/// The progress of a sync: one line for each step, and on a terminal a last line with the running operations.
final class ProgressDisplay: Sendable {
    /// True while the last line of the terminal shows progress.
    static let isLineDrawn = Atomic(false)
    /// The sequence that removes the last line.
    static let clearSequence: StaticString = "\r\u{1b}[K"

    private let console: Console
    private let drawsLive: Bool
    private let state = Mutex(State())

    private struct State {
        var running: [OperationID: (operation: Operation, since: Timestamp)] = [:]
        var done = 0
        var failed = 0
        /// The failures that a line shows already: the kind of operation, the preset and the cause.
        var shownFailures: Set<[String]> = []
        /// The workspaces whose failed creates have no line, so that their deletes get none either.
        var hiddenWorkspaces: Set<WorkspaceID> = []
        var hasLine = false
    }

    init(_ console: Console, drawsLive: Bool) {
        self.console = console
        self.drawsLive = drawsLive && console.isLive
    }

    /// Redraws the last line every half second until the task is canceled.
    func tick() async {
        while drawsLive, (try? await Task.sleep(for: .milliseconds(500))) != nil {
            state.withLock { state in
                clear(&state)
                draw(&state)
            }
        }
    }

    /// Shows one step of the sync.
    func show(_ progress: Synchronizer.Progress) {
        state.withLock { state in
            clear(&state)
            switch progress {
            case .reconciled(let report): show(report)
            case .waitingForLease(let source):
                console.step(.waiting, "waiting for another prewarm that reconciles \(source)")
            case .resync(let report): show(report)
            case .operation(.started(let operation)):
                state.running[operation.id] = (operation, .now)
            case .operation(.settled(let operation, let workspace)):
                let since = state.running.removeValue(forKey: operation.id)?.since
                show(operation, workspace, took: since.map { Timestamp.now - $0 }, &state)
            }
            draw(&state)
        }
    }

    /// Removes the last line.
    func end() {
        state.withLock { clear(&$0) }
    }

    private func show(_ report: ResyncReport) {
        if let failure = report.failure {
            console.warning(
                "cannot list the workspaces of \(report.provisioner): \(failure.message)",
                hint: failure.hint.map { TerminalText($0) })
        }
        if let suspicion = report.suspicion {
            console.warning(
                "\(suspicion.message(of: report.provisioner))",
                hint: "get the next list with `prewarm sync --refresh`")
        }
        for workspace in report.lost {
            console.step(.failure, "\(Self.loss(of: workspace, by: report.provisioner))")
        }
        if !report.inspected.isEmpty {
            console.step(
                .waiting,
                "\(report.provisioner) does not list \(counted(report.inspected.count, "workspace")) as ready: prewarm inspects them"
            )
        }
        for workspace in report.missingClaimed {
            let owner = workspace.owner.map { " of \($0.description)" } ?? ""
            let fault =
                report.brokenClaimed.contains(workspace.id)
                ? "is broken: \(report.provisioner) lists it as broken"
                : "is lost: \(report.provisioner) does not list it"
            console.warning(
                "the claimed workspace \(workspace.name)\(owner) \(fault)",
                hint: "remove it with `prewarm release \(workspace.name)`")
        }
        if !report.orphans.isEmpty {
            let count = report.orphans.count + report.moreOrphans
            console.warning(
                "\(report.provisioner) lists \(counted(count, "orphan")), which the store does not know",
                hint: "show orphans with `prewarm get orphans`; add one to a pool with `prewarm adopt PRESET ID`")
        }
        for id in report.deleted { console.step(.waiting, "deleting the orphan \(id)") }
    }

    private static func loss(of workspace: Workspace, by provisioner: String) -> String {
        workspace.state == .failed
            ? "\(workspace.name) has failed: \(provisioner) reports it as failed"
            : "\(workspace.name) is lost: \(provisioner) does not have it"
    }

    private func show(_ report: ReconcileReport) {
        for diagnostic in report.diagnostics { console.note(diagnostic.text(color: console.colorsErrors)) }
        if let failure = report.failure {
            console.warning("\(report.source): \(failure.message)", hint: failure.hint.map { TerminalText($0) })
            if let revision = report.revision {
                console.step(.waiting, "\(report.source): keeping the applied revision \(revision.short)")
            }
        }
        // The command says that nothing changed when it knows that it ends well.
        if !report.isQuiet, let revision = report.revision {
            console.step(.action, "\(report.source): \(revision.short): \(PlanText.summary(of: report))")
        }
    }

    private func show(_ operation: Operation, _ workspace: Workspace, took: Duration?, _ state: inout State) {
        let name = workspace.name
        let time = took.map { " (\($0.age))" } ?? ""
        switch operation.state {
        case .succeeded where operation.reason == .healthCheck: break
        case .succeeded:
            state.done += 1
            if operation.kind == .inspect, [.lost, .failed].contains(workspace.state) {
                console.step(.failure, "\(Self.loss(of: workspace, by: operation.provisioner))")
            } else if operation.kind == .create, workspace.state == .creating {
                console.step(.waiting, "\(name) is starting\(time)")
            } else if operation.kind != .delete || !state.hiddenWorkspaces.contains(operation.workspace) {
                console.step(.success, "\(operation.kind.pastTense) \(name)\(time)")
            }
        case .failed:
            state.failed += 1
            let cause = operation.error?.cause ?? Operation.withoutCause
            guard isNew(operation, cause, &state) else {
                if operation.kind == .create { state.hiddenWorkspaces.insert(operation.workspace) }
                return
            }
            console.step(.failure, "cannot \(operation.kind.rawValue) \(name)\(time): \(cause)")
        case .pending:
            guard let cause = operation.error?.cause, isNew(operation, cause, &state) else { return }
            let next = ShownTimes(now: .now).relative(operation.nextAttemptAt)
            console.step(.waiting, "cannot \(operation.kind.rawValue) \(name), next attempt \(next): \(cause)")
        case .running, .cancelled: break
        }
    }

    /// Returns false if a line shows a failure of the same preset with the same cause. The error that ends the command
    /// counts all of them.
    private func isNew(_ operation: Operation, _ cause: String, _ state: inout State) -> Bool {
        state.shownFailures.insert([operation.kind.rawValue, operation.preset.description, cause]).inserted
    }

    private func clear(_ state: inout State) {
        guard state.hasLine else { return }
        console.draw("\r\u{1b}[K")
        state.hasLine = false
        Self.isLineDrawn.store(false, ordering: .releasing)
    }

    private func draw(_ state: inout State) {
        guard drawsLive, !state.running.isEmpty else { return }
        let names = state.running.values.sorted { $0.operation.id < $1.operation.id }.map { running in
            "\(running.operation.kind.rawValue) \(Workspace.name(preset: running.operation.preset.name, id: running.operation.workspace)) \((Timestamp.now - running.since).age)"
        }
        let failed = state.failed > 0 ? ", \(state.failed) failed" : ""
        let line = "◎ \(state.running.count) running, \(state.done) done\(failed): \(names.joined(separator: ", "))"
        console.draw("\(line.cut(toWidth: console.errorWidth - 1))")
        state.hasLine = true
        Self.isLineDrawn.store(true, ordering: .releasing)
    }
}

extension Operation.Kind {
    var pastTense: String {
        switch self {
        case .create: "created"
        case .delete: "deleted"
        case .start: "started"
        case .stop: "stopped"
        case .claim: "claimed"
        case .inspect: "inspected"
        }
    }
}
