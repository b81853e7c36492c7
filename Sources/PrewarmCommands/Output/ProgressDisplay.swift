import PrewarmCore
import PrewarmEngine
import Synchronization

/// Tells what a sync does while it does it; on a terminal with a last line that lives.
final class ProgressDisplay: Sendable {
    private let console: Console
    private let drawsLive: Bool
    private let state = Mutex(State())

    private struct State {
        var running: [OperationID: (operation: Operation, since: Timestamp)] = [:]
        var done = 0
        var failed = 0
        var hasLine = false
    }

    init(_ console: Console, drawsLive: Bool) {
        self.console = console
        self.drawsLive = drawsLive && console.isLive
    }

    /// Keeps the times of the last line going until it is cancelled.
    func tick() async {
        while drawsLive, (try? await Task.sleep(for: .milliseconds(500))) != nil {
            state.withLock { state in
                clear(&state)
                draw(&state)
            }
        }
    }

    func show(_ progress: Synchronizer.Progress) {
        state.withLock { state in
            clear(&state)
            switch progress {
            case .turn(let report): show(report)
            case .waitingForLease(let source):
                console.step(.waiting, "another prewarm is reconciling \(source); waiting for it")
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

    /// Takes the last line away.
    func end() {
        state.withLock { clear(&$0) }
    }

    private func show(_ report: ResyncReport) {
        if let failure = report.failure {
            console.warning(
                "\(report.provisioner) could not list what exists: \(failure.message)",
                hint: failure.hint.map { TerminalText($0) })
        }
        if let suspicion = report.suspicion {
            console.warning(
                "\(suspicion.message(of: report.provisioner))", hint: "`prewarm sync --refresh` asks for the next one")
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
            console.warning(
                "\(workspace.name), which is \(workspace.owner?.description ?? "somebody")'s, is gone: \(report.provisioner) lost it",
                hint: "`prewarm release \(workspace.name)` forgets it")
        }
        if !report.orphans.isEmpty {
            let count = report.orphans.count + report.moreOrphans
            console.warning(
                "\(report.provisioner) lists \(counted(count, "workspace")) that nobody knows",
                hint: "see `prewarm get orphans`; `prewarm adopt PRESET ID` takes one over")
        }
        for id in report.deleted { console.step(.waiting, "\(id) is known to nobody: it is deleted") }
    }

    private static func loss(of workspace: Workspace, by provisioner: String) -> String {
        workspace.state == .failed
            ? "\(workspace.name) is broken, says \(provisioner)" : "\(workspace.name) is gone: \(provisioner) lost it"
    }

    private func show(_ report: TurnReport) {
        for diagnostic in report.diagnostics { console.note(diagnostic.text(colour: console.coloursErrors)) }
        if let failure = report.failure {
            console.warning("\(report.source): \(failure.message)", hint: failure.hint.map { TerminalText($0) })
            if let revision = report.revision {
                console.step(.waiting, "\(report.source): the last good revision \(revision.short) stays in force")
            }
        }
        if report.isQuiet {
            console.step(
                .success, "\(report.source): nothing changed since \(report.revision?.short ?? "the last sync")")
        } else if let revision = report.revision {
            console.step(.action, "\(report.source): \(revision.short): \(PlanText.summary(of: report.plan))")
        }
    }

    private func show(_ operation: Operation, _ workspace: Workspace, took: Duration?, _ state: inout State) {
        let name = workspace.name
        let time = took.map { " (\($0.age))" } ?? ""
        switch operation.state {
        case .succeeded:
            state.done += 1
            if operation.kind == .inspect, [.lost, .failed].contains(workspace.state) {
                console.step(.failure, "\(Self.loss(of: workspace, by: operation.provisioner))")
            } else if operation.kind == .create, workspace.state == .creating {
                console.step(.waiting, "\(name) is starting\(time)")
            } else {
                console.step(.success, "\(operation.kind.pastTense) \(name)\(time)")
            }
        case .failed:
            state.failed += 1
            console.step(
                .failure,
                "\(operation.kind.rawValue) \(name) failed\(time): \(TerminalText(lines: operation.error ?? ""))")
        case .pending:
            guard let error = operation.error.map({ TerminalText(lines: $0) }) else { return }
            console.step(
                .waiting, "\(operation.kind.rawValue) \(name) is tried again at \(operation.nextAttemptAt): \(error)")
        case .running, .cancelled: break
        }
    }

    private func clear(_ state: inout State) {
        guard state.hasLine else { return }
        console.draw("\r\u{1b}[K")
        state.hasLine = false
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
