import PrewarmCore
import PrewarmEngine
import ServiceLifecycle

/// How far a request for a sync is: what the pools of its sources look like against what was asked for.
struct SyncProgress {
    enum State: String {
        case queued, running, converged, superseded, held, stalled, failed

        var isFinal: Bool { self != .queued && self != .running }
    }

    private let request: SyncRequests.Request
    private let audience: Principal
    private(set) var state = State.running
    private(set) var message: String
    private var hint: String?
    private var supersededBy: Revision?
    private var reports: [TurnReport] = []
    private var unfinished: [Unfinished] = []
    /// Sources in which the commit that is waited for was not seen yet.
    private(set) var unseen: [String] = []
    /// The revisions that were applied in place of it: neither has the other in its history.
    private var replacements: [(source: String, applied: Revision)] = []
    /// Whether any of the sources has it, or did not say.
    private var isFound = false
    /// Forges have replicas that show a commit later than others. What is not shown by then is not there.
    private static let longestLag = Duration.seconds(60)

    /// What one call has found out of the commit that it waits for, so that many that wait don't ask a remote each time.
    struct Search: Sendable {
        fileprivate var relations: [String: (applied: Revision, at: Timestamp, relation: Relation)] = [:]
        /// How long an answer counts while the same revision is applied.
        fileprivate var pause = Duration.seconds(1)
    }

    init(_ request: SyncRequests.Request, _ daemon: Daemon, for audience: Principal) async throws {
        var search = Search()
        try await self.init(request, daemon, &search, for: audience)
    }

    init(
        _ request: SyncRequests.Request, _ daemon: Daemon, _ search: inout Search, for audience: Principal
    ) async throws {
        self.request = request
        self.audience = audience
        guard request.isHandled else {
            state = request.running.isEmpty ? .queued : .running
            message = "waits for a turn of \((request.waiting.union(request.running)).sorted().joined(separator: ", "))"
            return
        }
        message = ""
        for source in request.sources { reports.append(try await daemon.engine.assess(source)) }
        unfinished = Unfinished.of(reports, preset: request.preset)
        try await judge(daemon.engine, &search)
    }

    private mutating func judge(_ engine: Engine, _ search: inout Search) async throws {
        if let (source, failure) = request.failures.min(by: { $0.key < $1.key }) {
            return conclude(.failed, "the source \(source) could not be read: \(failure)")
        }
        await look(forRevisionIn: engine, &search)
        guard unseen.isEmpty else {
            if let end = endOfSearch(at: engine.now()) { return conclude(.failed, end, hint: Self.searchHint) }
            return conclude(
                .running,
                "\(request.revision ?? "the revision") is not in force in \(unseen.joined(separator: ", ")) yet")
        }
        let errors = reports.flatMap(\.diagnostics).count { $0.severity == .error }
        if errors > 0 {
            let first = diagnostics.first { $0.severity == .error }
            return conclude(
                .failed,
                "\(errors.counted("error")) in the manifests"
                    + (first.map { "; the first: \($0.location): \($0.message)" } ?? ""),
                hint: "the last good version of what they define stays in force")
        }
        let held = reports.flatMap(\.plan.held).filter {
            $0.hold.needsApproval && (request.preset == nil || $0.action.preset.name == request.preset)
        }
        if let first = held.first {
            let commit =
                reports.first { $0.source == first.action.preset.source }?.revision?.commit.prefix(8) ?? "REVISION"
            return conclude(
                .held, "\(held.count) \(held.count == 1 ? "deletion" : "deletions") held",
                hint: "see `prewarm plan`; `prewarm approve \(commit)` lets them go on")
        }
        if unfinished.isEmpty {
            return conclude(
                supersededBy == nil ? .converged : .superseded,
                totals.sentence + (supersededBy.map { "; superseded by \($0.short)" } ?? ""))
        }
        if unfinished.allSatisfy(\.isStalled) {
            return conclude(
                .stalled, sentence,
                hint: visible.first.map { "`prewarm describe preset \($0.pool.preset.name)` says why" })
        }
        conclude(.running, sentence)
    }

    /// The unfinished pools that the audience may see.
    private var visible: [Unfinished] { unfinished.filter { audience.sees($0.pool.preset) } }

    private var sentence: String {
        visible.first?.sentence(for: audience) ?? "\(unfinished.count.counted("pool")) did not converge yet"
    }

    private var diagnostics: [Diagnostic] {
        reports.flatMap { audience.visible($0.diagnostics, of: $0.presets) }
    }

    private static let searchHint = "wait for the commit that the branch is at now: `git rev-parse BRANCH` names it"

    /// Why the commit will not be applied; nil while it may yet be.
    private func endOfSearch(at now: Timestamp) -> String? {
        guard let wanted = request.revision else { return nil }
        if let (source, applied) = replacements.first {
            return
                "\(wanted) is not in the history of \(applied.short), which \(source) has applied: it was replaced by "
                + "a forced push, or it is on another branch"
        }
        guard !isFound, now - request.createdAt > Self.longestLag else { return nil }
        return "\(unseen.joined(separator: ", ")) has no commit \(wanted)"
    }

    private mutating func conclude(_ state: State, _ message: String, hint: String? = nil) {
        self.state = state
        self.message = message
        self.hint = hint
    }

    /// The commit itself, or one that came after it, is in force in every source of the request.
    private mutating func look(forRevisionIn engine: Engine, _ search: inout Search) async {
        guard let wanted = request.revision.flatMap(Self.digits) else { return }
        for report in reports {
            guard let applied = report.revision else {
                unseen.append(report.source)
                continue
            }
            if applied.commit.hasPrefix(wanted) { continue }
            let relation: Relation
            if let known = search.relations[report.source], known.applied == applied,
                engine.now() - known.at < search.pause
            {
                relation = known.relation
            } else {
                relation = await Self.relation(of: wanted, to: applied, by: engine.sources[report.source]?.git)
                search.relations[report.source] = (applied, engine.now(), relation)
            }
            switch relation {
            case .earlier: supersededBy = applied
            case .missing: unseen.append(report.source)
            case .later:
                unseen.append(report.source)
                isFound = true
            case .replaced:
                unseen.append(report.source)
                replacements.append((report.source, applied))
            }
        }
        // One repository in which it is will do: a commit belongs to one.
        if request.sources.count > 1, unseen.count < reports.count { unseen = [] }
    }

    fileprivate enum Relation: Sendable {
        case earlier, replaced
        /// It is a later one, or nothing can be said of it now.
        case later
        /// Neither the mirror nor the remote has it.
        case missing
    }

    private static func relation(
        of wanted: String, to applied: Revision, by git: (any GitSource)?
    ) async -> Relation {
        guard let git else { return .missing }
        do throws(GitFailure) {
            let found = try await git.lookUp(wanted)
            if try await git.isAncestor(found, of: applied) { return .earlier }
            return try await git.isAncestor(applied, of: found) ? .later : .replaced
        } catch {
            return error.reason == .refNotFound ? .missing : .later
        }
    }

    /// The hexadecimal digits of `main@sha1:5394…`, `sha1:5394…` or `5394…`; nil where there are no six.
    static func digits(_ text: String) -> String? {
        let digits = (text.split(separator: ":").last.map(String.init) ?? text).lowercased()
        guard (6...40).contains(digits.utf8.count), digits.allSatisfy(\.isHexDigit) else { return nil }
        return digits
    }

    private var totals: PoolTotals {
        PoolTotals(
            reports.flatMap(\.plan.pools).filter { request.preset == nil || $0.preset.name == request.preset })
    }

    var value: Value {
        let totals = totals
        return .object(known: [
            "request": .string(request.id),
            "state": .string(state.rawValue),
            "message": .string(message),
            "hint": hint.map { .string($0) },
            "sources": .array(request.sources.map { .string($0) }),
            "preset": request.preset.map { .string($0) },
            "revision": request.revision.map { .string($0) },
            "supersededBy": supersededBy.map { .string($0.description) },
            "applied": .object(
                reports.compactMap { report in report.revision.map { (report.source, .string($0.description)) } }),
            "ready": reports.isEmpty ? nil : .int(totals.ready),
            "desired": reports.isEmpty ? nil : .int(totals.desired),
            "unfinished": .array(
                visible.map {
                    .object(known: [
                        "preset": .string($0.pool.preset.name), "source": .string($0.pool.preset.source),
                        "message": .string($0.sentence(for: audience)),
                    ])
                }),
            "diagnostics": .array(diagnostics.shown.map { Value($0) }),
            "createdAt": Value(request.createdAt),
        ])
    }
}

extension SyncProgress {
    /// Looks again whenever something changed. A forge may be slow to show a commit: then it is asked again after 1, 2,
    /// 4 seconds and so on.
    /// - Parameter endsWithNews: returns once it is further than it was, too.
    static func wait(
        for request: SyncRequests.Request, _ daemon: Daemon, until deadline: ContinuousClock.Instant,
        shownTo audience: Principal,
        endsWithNews: Bool = false
    ) async throws -> Value {
        var seen: Int64 = -1
        var lookedAt = ContinuousClock.now
        var search = Search()
        var askedAt = ContinuousClock.now
        var last: Value?
        while true {
            let now = ContinuousClock.now
            let current = daemon.requests[request.id] ?? request
            let sequence = daemon.changes.sequence
            if last == nil || sequence != seen || now - lookedAt > .seconds(1) || now >= deadline {
                (seen, lookedAt) = (sequence, now)
                let progress = try await SyncProgress(current, daemon, &search, for: audience)
                if progress.state.isFinal { return progress.value }
                let news = progress.value
                if endsWithNews, let last, last.text("message") != news.text("message") { return news }
                last = news
                if !progress.unseen.isEmpty, now - askedAt >= search.pause {
                    (askedAt, search.pause) = (now, min(search.pause + search.pause, .seconds(30)))
                    for source in progress.unseen { daemon.pull(source) }
                }
            }
            if now >= deadline, let last {
                return endsWithNews ? last : last.merging(["timedOut": .bool(true)])
            }
            if Task.isShuttingDownGracefully { throw CancellationError() }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
