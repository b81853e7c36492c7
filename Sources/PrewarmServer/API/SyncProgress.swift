import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import ServiceLifecycle

/// The progress of a sync request: the state of its sources and pools compared with what was requested.
struct SyncProgress {
    typealias State = SyncRequestDocument.State

    private let request: SyncRequests.Request
    private let audience: Principal
    private(set) var state = State.running
    private(set) var message: String
    private var hint: String?
    private var supersededBy: Revision?
    private var reports: [ReconcileReport] = []
    private var unfinished: [Unfinished] = []
    /// The sources that have not applied the requested commit yet.
    private(set) var unseen: [String] = []
    /// The sources whose applied revision is on another line of history: neither it nor the requested commit is an
    /// ancestor of the other.
    private var replacements: [(source: String, applied: Revision)] = []
    /// A flag that is true if at least one source has the requested commit, or did not answer.
    private var isFound = false
    /// The longest time that replicas of a forge may need to show a commit. A commit that none shows by then does not
    /// exist.
    private static let longestLag = Duration.seconds(60)
    /// The largest number of pools in the list `unfinished`.
    private static let unfinishedLimit = 100

    /// The relations between the requested commit and the applied revisions, kept during one call. Without them each
    /// waiting call would ask the remote again and again.
    struct Search: Sendable {
        fileprivate var relations: [String: (applied: Revision, at: Timestamp, relation: Relation)] = [:]
        /// The time for which a relation is kept while the same revision stays applied.
        fileprivate var pause = Duration.seconds(1)
    }

    /// Assesses a request once.
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
            let sources = request.waiting.union(request.running).sorted().joined(separator: ", ")
            message = "waiting for the reconciliation of \(sources)"
            return
        }
        message = ""
        for source in request.sources { reports.append(try await daemon.engine.assess(source)) }
        unfinished = Unfinished.of(reports, preset: request.preset)
        try await judge(daemon.engine, &search)
    }

    private mutating func judge(_ engine: Engine, _ search: inout Search) async throws {
        if let (source, failure) = request.failures.min(by: { $0.key < $1.key }) {
            return conclude(
                .failed, "cannot read the source \(source): \(failure)",
                hint: "see `prewarm status`")
        }
        await look(forRevisionIn: engine, &search)
        guard unseen.isEmpty else {
            if let end = endOfSearch(at: engine.now()) { return conclude(.failed, end, hint: Self.searchHint) }
            return conclude(
                .running,
                "\(shownRevision ?? "the revision") is not applied in \(unseen.joined(separator: ", ")) yet")
        }
        let errors = reports.flatMap(\.diagnostics).count { $0.severity == .error }
        if errors > 0 {
            let first = diagnostics.first { $0.severity == .error }
            return conclude(
                .failed,
                "cannot apply all manifests: \(errors.counted("error"))"
                    + (first.map { "; the first: \($0.location): \($0.message)" } ?? ""),
                hint: "fix the manifests; until then the last valid version of their presets stays applied")
        }
        if let preset = request.preset, !reports.flatMap(\.plan.pools).contains(where: { $0.preset.name == preset }) {
            return conclude(
                .failed,
                "there is no preset \"\(preset)\" in \(request.sources.joined(separator: ", "))",
                hint: "see `prewarm get presets`")
        }
        let held = reports.flatMap { $0.waitingForApproval(of: request.preset) }
        if let first = held.first {
            let commit = reports.first { $0.source == first.action.preset.source }?.revision?.commit.prefix(8)
            return conclude(
                .held,
                held.count == 1
                    ? "1 deletion is held until someone approves it"
                    : "\(held.count) deletions are held until someone approves them",
                hint: "see `prewarm plan`"
                    + (commit.map { ". To allow \(held.count == 1 ? "it" : "them"): `prewarm approve \($0)`" } ?? ""))
        }
        if unfinished.isEmpty {
            return conclude(
                supersededBy == nil ? .converged : .superseded,
                totals.sentence + (supersededBy.map { "; superseded by \($0.short)" } ?? ""))
        }
        if unfinished.allSatisfy(\.isStalled) {
            return conclude(
                .stalled, sentence,
                hint: visible.first.map { "see `prewarm describe preset \($0.pool.preset.name)`" })
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

    private static let searchHint = "use the current commit of the branch, which `git rev-parse BRANCH` prints"

    /// Returns why the requested commit will never be applied, or nil while it still may be.
    private func endOfSearch(at now: Timestamp) -> String? {
        guard let wanted = shownRevision else { return nil }
        if let (source, applied) = replacements.first {
            return
                "\(wanted) is not in the history of \(applied.short), which the source \(source) has applied: "
                + "it was replaced by a forced push, or it is on another branch"
        }
        guard !isFound, now - request.createdAt > Self.longestLag else { return nil }
        return "cannot find the commit \(wanted) in \(unseen.joined(separator: ", "))"
    }

    private mutating func conclude(_ state: State, _ message: String, hint: String? = nil) {
        self.state = state
        self.message = message
        self.hint = hint
    }

    /// Compares the requested commit with the applied revision of each source, and notes the sources that have applied
    /// neither the commit nor a later one.
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
        // A commit belongs to one repository, so it is enough that one source has applied it.
        if request.sources.count > 1, unseen.count < reports.count { unseen = [] }
    }

    /// The place of the requested commit relative to the applied revision.
    fileprivate enum Relation: Sendable {
        /// It is an ancestor of the applied revision.
        case earlier
        /// Neither is an ancestor of the other.
        case replaced
        /// It is a descendant, or the remote did not answer.
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
            // If another replica reconciles the source, the mirror of this one may lack its revision.
            _ = try await git.lookUp(applied.commit)
            if try await git.isAncestor(found, of: applied) { return .earlier }
            return try await git.isAncestor(applied, of: found) ? .later : .replaced
        } catch {
            return error.reason == .refNotFound ? .missing : .later
        }
    }

    /// The requested revision for messages: of a commit, the first eight digits.
    private var shownRevision: String? {
        request.revision.map { text in Self.digits(text).map { String($0.prefix(8)) } ?? text }
    }

    /// Returns the hexadecimal digits of `main@sha1:5394…`, `sha1:5394…` or `5394…`, or nil if there are not 6 to 40 of
    /// them.
    static func digits(_ text: String) -> String? {
        let digits = (text.split(separator: ":").last.map(String.init) ?? text).lowercased()
        guard (6...40).contains(digits.utf8.count), digits.allSatisfy(\.isHexDigit) else { return nil }
        return digits
    }

    private var totals: PoolTotals {
        PoolTotals(
            reports.flatMap(\.plan.pools).filter { request.preset == nil || $0.preset.name == request.preset })
    }

    /// The document, with only what the audience may see.
    var document: SyncRequestDocument {
        let (totals, visible) = (totals, visible)
        return SyncRequestDocument(
            request: request.id, state: state, message: message, hint: hint, sources: request.sources,
            preset: request.preset, revision: request.revision, supersededBy: supersededBy?.description,
            applied: OrderedMap(
                reports.compactMap { report in report.revision.map { (report.source, $0.description) } }),
            ready: reports.isEmpty ? nil : totals.ready, desired: reports.isEmpty ? nil : totals.desired,
            unfinished: visible.prefix(Self.unfinishedLimit).map {
                UnfinishedPool(preset: $0.pool.preset, message: $0.sentence(for: audience))
            }, unfinishedTotal: visible.isEmpty ? nil : visible.count,
            diagnostics: diagnostics.shown.map { DiagnosticDocument($0) }, createdAt: request.createdAt)
    }
}

extension SyncProgress {
    /// Waits until a request ends or until the deadline, and returns its document. Assesses the request again whenever the
    /// store changes, and at least every second.
    ///
    /// Forges may be slow to show a commit. While a source does not have the requested commit, this pulls it again after
    /// 1, 2, 4, 8, 16 and then every 30 seconds.
    ///
    /// - Parameters:
    ///   - audience: The caller, who sees only what its role and scope allow.
    ///   - endsWithNews: If true, this also returns when the message changes.
    /// - Throws: `CancellationError` if the daemon stops.
    static func wait(
        for request: SyncRequests.Request, _ daemon: Daemon, until deadline: Instant,
        shownTo audience: Principal,
        endsWithNews: Bool = false
    ) async throws -> SyncRequestDocument {
        var (seen, wakeUps) = (Int64(-1), -1)
        let clock = daemon.engine.clock
        var lookedAt = clock.instant()
        var search = Search()
        var askedAt = clock.instant()
        var last: SyncRequestDocument?
        while true {
            let (now, count) = (clock.instant(), daemon.wakeUps.count)
            let sequence = daemon.changes.sequence
            if last == nil || sequence != seen || wakeUps != count || now - lookedAt > .seconds(1) || now >= deadline {
                (seen, wakeUps, lookedAt) = (sequence, count, now)
                let current = try await daemon.requests.request(request.id) ?? request
                let progress = try await SyncProgress(current, daemon, &search, for: audience)
                if progress.state.isFinal { return progress.document }
                let news = progress.document
                if endsWithNews, let last, last.message != news.message { return news }
                last = news
                if !progress.unseen.isEmpty, now - askedAt >= search.pause {
                    (askedAt, search.pause) = (now, min(search.pause + search.pause, .seconds(30)))
                    for source in progress.unseen { await daemon.pull(source) }
                }
            }
            if now >= deadline, var last {
                if !endsWithNews { last.timedOut = true }
                return last
            }
            if Task.isShuttingDownGracefully { throw CancellationError() }
            // Many changes cause few looks.
            try await clock.sleep(for: .milliseconds(50))
            await daemon.wakeUps.wait(after: count, until: min(now + .milliseconds(250), deadline), on: clock)
        }
    }
}
