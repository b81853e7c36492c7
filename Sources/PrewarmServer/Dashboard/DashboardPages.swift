import PrewarmAPI
import PrewarmCore
import PrewarmDashboard
import PrewarmEngine

/// The data of the dashboard's pages. It comes from the API as the reader would get it, so a page cannot show more than the
/// API does.
struct DashboardPages: Sendable {
    let api: API
    let caller: Caller
    let viewer: Viewer

    private var times: Moments { Moments(now: api.engine.now()) }
    private var principal: Principal { caller.principal }

    private func answer(_ path: String..., query: [String: String?] = [:]) async throws -> APIAnswer {
        try await api.answer(APIRequest(.get, path, query: query), from: caller)
    }

    private func get<Answer: Decodable>(_ path: String..., query: [String: String?] = [:]) async throws -> Answer {
        try await api.answer(APIRequest(.get, path, query: query), from: caller).decoded()
    }

    // MARK: Pages

    func pools(query: [String: String]) async throws -> Page {
        let search = PoolsPage.Search(
            text: String((query["q"] ?? "").prefix(200)), needsAttention: query["show"] == "attention",
            page: min(max(Int(query["page"] ?? "") ?? 1, 1), 1_000_000))
        return try await PoolListing(engine: api.engine, principal: principal).page(search).page
    }

    func pool(source: String, name: String) async throws -> Page {
        let preset: PresetDescription = try await get("presets", name, query: ["source": source])
        let key = PresetKey(source: source, name: name)
        let revisions: [RevisionDocument] = try await get("revisions", query: ["source": source, "limit": "1"])
        return PoolPage(
            preset: preset, failures: try await failures(of: key), revision: revisions.first,
            history: try await PoolHistory(of: key, in: api.engine), claimKey: DashboardSessions.random(), times: times
        ).page(for: viewer)
    }

    /// Returns the last failed operations of a preset, with the ends of their logs if the reader may read them.
    private func failures(of key: PresetKey) async throws -> [OperationDescription] {
        let failed: [OperationDocument] = try await get(
            "operations", query: ["preset": key.description, "state": "failed", "limit": "3"])
        var failures: [OperationDescription] = []
        for operation in failed {
            // An operation may be forgotten between the two requests.
            guard let failure: OperationDescription = try? await get("operations", operation.id) else { continue }
            failures.append(failure)
        }
        return failures
    }

    func sources() async throws -> Page {
        var sources: [SourcesPage.Source] = []
        let documents: [SourceDocument] = try await get("sources")
        for document in documents {
            let revisions: [RevisionDocument] = try await get(
                "revisions", query: ["source": document.name, "limit": "5"])
            sources.append(
                SourcesPage.Source(
                    document: document, revisions: revisions, held: try await held(source: document.name)))
        }
        return SourcesPage(sources, times: times).page(for: viewer)
    }

    /// Returns the actions of a source that wait for an approval.
    private func held(source: String) async throws -> [ActionDocument] {
        // A pool with held changes is not settled, so the settled pools are left out.
        let report = try await api.engine.assess(source, touched: [])
        return PlanDocument(plans: [report], at: api.engine.now(), for: principal).held
            .filter { $0.needsApproval == true }
    }

    func events() async throws -> Page {
        .events(try await get("events", query: ["limit": "100"]), times: times, for: viewer)
    }

    func claims() async throws -> Page {
        try Authorization.require(principal, .role(.claimer))
        let answer = try await answer("workspaces", query: ["state": "claimed", "limit": "200"])
        return .claims(try answer.decoded(), hasMore: answer.nextCursor != nil, times: times, for: viewer)
    }
}
