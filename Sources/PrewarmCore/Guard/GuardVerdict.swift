/// The verdict of the deletion guard over the losses of a revision.
struct GuardVerdict {
    /// The workspaces that one change takes away.
    struct Loss {
        /// The number at the worst moment.
        let count: Int
        let at: Timestamp
    }

    private let now: Timestamp
    private let policy: Policy.DeletionGuard
    private let facts: DeletionGuard.Facts
    private var calendar: NumberCalendar
    /// The changes with their losses; nil for a change that takes nothing away.
    private(set) var losses: [(change: GuardedChange, loss: Loss?)] = []
    /// The sum of the losses at each moment at which one of them is worst or begins.
    private var weights: [Timestamp: Int] = [:]

    /// The largest number of moments at which the losses of all presets are compared with the base.
    private static let mostMoments = 100

    init(now: Timestamp, policy: Policy, facts: DeletionGuard.Facts) {
        self.now = now
        self.policy = policy.deletionGuard
        self.facts = facts
        calendar = NumberCalendar(from: now, zones: facts.zones, limit: policy.limits.instancesPerPreset)
    }

    /// Returns the largest number that the accepted definition asks for.
    func most(_ change: GuardedChange) -> Int { change.accepted.map { calendar.most($0.numbers) } ?? 0 }

    mutating func add(_ change: GuardedChange) {
        guard let accepted = change.accepted else {
            let count = facts.unclaimed[change.name] ?? 0
            losses.append((change, count > 0 ? Loss(count: count, at: now) : nil))
            weights[now, default: 0] += count
            return
        }
        var worst: Loss?
        if facts.everReady.contains(change.name) {
            let moments = Set(calendar.moments(of: accepted.numbers) + calendar.moments(of: change.proposal.numbers))
            for moment in moments.sorted() {
                let count = loss(of: change, at: moment)
                weights[moment, default: 0] += count
                if count > worst?.count ?? 0 { worst = Loss(count: count, at: moment) }
            }
        }
        losses.append((change, worst))
    }

    /// Returns the number of workspaces that the change takes away at a moment.
    private mutating func loss(of change: GuardedChange, at moment: Timestamp) -> Int {
        guard let accepted = change.accepted else { return moment == now ? facts.unclaimed[change.name] ?? 0 : 0 }
        let before = calendar.number(of: accepted.numbers, at: moment) ?? calendar.most(accepted.numbers)
        let after = calendar.number(of: change.proposal.numbers, at: moment) ?? change.proposal.numbers.least
        let lowered = max(0, before - after)
        guard moment == now else { return lowered }
        let expires = facts.oldestReady[change.name].map { $0 + (change.proposal.ttl ?? .zero) <= now } ?? false
        guard change.replacesMost || change.expiresMost && expires else { return lowered }
        let strategy = change.proposal.strategy
        return max(lowered, before - min(before, strategy.floor(desired: before)))
    }

    /// The holds that follow from the losses.
    struct Decision {
        /// The base of the verdict; nil if nothing is lost.
        let base: Int?
        fileprivate var holds: [String: Hold] = [:]
        fileprivate var holdOfAll: Hold?

        /// Returns the hold on a change with a loss; nil if it is admitted.
        func hold(_ preset: String) -> Hold? { holdOfAll ?? holds[preset] }
    }

    /// Decides which changes with a loss are held.
    /// - Parameters:
    ///   - changes: All changes of the source, also those without a loss.
    ///   - gone: The losses of earlier revisions that still count.
    ///   - record: The record before this verdict.
    mutating func decide(
        _ changes: [GuardedChange], _ gone: [GuardRecord.Loss], _ gains: [GuardRecord.Gain], _ record: GuardRecord
    ) -> Decision {
        let losing = losses.compactMap { $0.loss == nil ? nil : $0.change }
        guard !losing.isEmpty else { return Decision(base: nil) }
        let recent = gone.reduce(0) { $0 + $1.count }
        let worst = worstMoment(losing, changes, recent: recent, gains, limit: record.heldAmong)
        var decision = Decision(base: worst.base)
        let hold = Hold.deletionGuard(removed: worst.removed, gone: recent, of: worst.all)
        let proposals = Dictionary(changes.map { ($0.name, $0.proposal) }) { first, _ in first }
        let names = Set(facts.presets.map(\.key.name)).union(proposals.keys)
        let stored = Dictionary(facts.presets.map { ($0.key.name, $0) }) { first, _ in first }
        if names.allSatisfy({ (proposals[$0] ?? stored[$0])?.retirement == .pruned }) {
            decision.holdOfAll = .pathEmptied(removed: worst.removed, gone: recent)
        } else if policy.holds(worst.removed, of: worst.all) || record.isLost && policy.isOn {
            decision.holdOfAll = hold
        } else if record.heldUnder == policy.description {
            // What is held stays held until it shrinks, whatever the time.
            let held = record.held.filter { $0.value.hold.isOfGuard }
            let (before, after) = losses.reduce(into: (held.values.reduce(0) { $0 + $1.loss }, 0)) { sums, loss in
                if held[loss.change.name] != nil { sums.1 += loss.loss?.count ?? 0 }
            }
            if after >= before { decision.holds = held.mapValues(\.hold) }
        }
        return decision
    }

    /// Returns the moment at which the losses are the largest share of the base.
    /// - Parameters:
    ///   - recent: The number of workspaces that earlier revisions took away.
    ///   - limit: The largest base; nil for no limit.
    /// - Returns: The losses together with `recent` (`removed`), the base together with `recent` (`base`), and the base
    ///   within its limit (`all`).
    private mutating func worstMoment(
        _ losing: [GuardedChange], _ changes: [GuardedChange], recent: Int, _ gains: [GuardRecord.Gain], limit: Int?
    ) -> (removed: Int, all: Int, base: Int) {
        let earlier = Dictionary(gains.map { ($0.preset, $0.earlier) }) { first, _ in first }
        let names = Set(losing.map(\.name))
        // Most presets of a source share a few demands, and without a schedule their number is the same at all times.
        var demands: [Demand: Int] = [:]
        var gained: [(demand: Demand, most: Int)] = []
        let proposals = Dictionary(changes.map { ($0.name, $0) }) { first, _ in first }
        for preset in facts.presets where facts.everReady.contains(preset.key.name) && !names.contains(preset.key.name)
        {
            let change = proposals[preset.key.name]
            if (change?.proposal ?? preset).isOutsideGuard || change?.needsConfirmation == true { continue }
            let demand = (change?.accepted ?? preset.accepted).numbers
            if let most = earlier[preset.key.name] {
                gained.append((demand, most))
            } else {
                demands[demand, default: 0] += 1
            }
        }
        var worst = (removed: 0, all: 0, base: 0)
        let moments = weights.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        for moment in moments.prefix(Self.mostMoments).map(\.key) {
            var (removed, base) = (0, 0)
            for change in losing {
                let loss = loss(of: change, at: moment)
                removed += loss
                guard let demand = change.accepted?.numbers else { continue }
                let number = calendar.number(of: demand, at: moment) ?? calendar.most(demand)
                base += max(loss, min(number, earlier[change.name] ?? number))
            }
            for (demand, count) in demands {
                base += count * (calendar.number(of: demand, at: moment) ?? calendar.most(demand))
            }
            for (demand, most) in gained {
                base += min(most, calendar.number(of: demand, at: moment) ?? calendar.most(demand))
            }
            let (taken, whole) = (removed + recent, max(base, removed) + recent)
            let all = max(taken, min(whole, limit ?? whole))
            let isWorse = worst.all == 0 || isWorse((taken, all), than: (worst.removed, worst.all))
            if isWorse { worst = (taken, all, min(whole, limit ?? whole)) }
        }
        return worst
    }

    /// Returns true if the policy holds the first and not the second, or if the first is the larger share of both.
    private func isWorse(_ first: (removed: Int, all: Int), than second: (removed: Int, all: Int)) -> Bool {
        let holds = policy.holds(first.removed, of: first.all)
        if holds != policy.holds(second.removed, of: second.all) { return holds }
        return first.removed * max(1, second.all) > second.removed * max(1, first.all)
    }
}

extension Preset {
    /// True if the guard does not count the preset: it is retired, and its workspaces are never deleted.
    fileprivate var isOutsideGuard: Bool { retirement != nil && options.deletionPolicy == .retain }
}
