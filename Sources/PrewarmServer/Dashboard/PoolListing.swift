import PrewarmAPI
import PrewarmCore
import PrewarmDashboard
import PrewarmEngine

/// The pools that a reader may see: sums over all, and one page of those that a search finds.
struct PoolListing: Sendable {
    let engine: Engine
    let principal: Principal

    /// Returns a page of pools. Pools that need attention come first, then the others by name.
    func page(_ search: PoolsPage.Search) async throws -> PoolsPage {
        let text = search.text.lowercased()
        let queues = try await engine.queueLengths()
        var totals = PoolSums()
        var found: [PresetStatus] = []
        for report in try await engine.assess() {
            for status in report.statuses where principal.sees(status.preset.key) {
                totals.add(status, waiting: queues.length(of: status.preset.key))
                if search.needsAttention, status.isHealthy { continue }
                if text.isEmpty || status.preset.matches(text) { found.append(status) }
            }
        }
        let recent = try await engine.recentClaims()
        let sorted = Self.sorted(found)
        let first = (search.page - 1) * PoolsPage.pageSize
        let shown = first < sorted.count ? sorted[first..<min(sorted.count, first + PoolsPage.pageSize)] : []
        return PoolsPage(
            pools: shown.map { status in
                let preset = status.preset.key
                return PresetDocument(
                    status, waiting: queues.waiting(of: preset), recentClaims: recent.share(of: preset), for: principal)
            }, found: found.count, totals: totals, search: search)
    }

    private static func sorted(_ statuses: [PresetStatus]) -> [PresetStatus] {
        // Sources come one after the other, each by name.
        let several = Set(statuses.lazy.map(\.preset.key.source)).count > 1
        let byName =
            several
            ? statuses.sorted {
                ($0.preset.key.name, $0.preset.key.source) < ($1.preset.key.name, $1.preset.key.source)
            } : statuses
        return byName.filter { !$0.isHealthy } + byName.filter(\.isHealthy)
    }
}

extension Preset {
    /// Says whether the name, the source, the template or a label contains a text in lower case.
    fileprivate func matches(_ text: String) -> Bool {
        key.name.contains(text) || key.description.contains(text) || spec.template.lowercased().contains(text)
            || labels.contains { "\($0.key)=\($0.value)".lowercased().contains(text) }
    }
}
