/// The verdict of the deletion guard over the losses of a revision.
struct GuardVerdict {
    /// The workspaces that one change takes away.
    struct Loss {
        /// The number at the worst moment.
        var count: Int
        var at: Timestamp
        /// True if a new version, a `ttl` or a strategy takes them, and not a lower number.
        var isReplacement = false
    }

    private let now: Timestamp
    private let policy: Policy.DeletionGuard
    private let limits: Policy.Limits
    private let facts: DeletionGuard.Facts
    /// The largest number that each preset asked for before it was made larger, within the window; nil if they are too
    /// many to know.
    private let earlier: [String: Int]?
    private var calendar: NumberCalendar
    /// The changes with their losses; nil for a change that takes nothing away.
    private(set) var losses: [(change: GuardedChange, loss: Loss?)] = []
    /// The differences between the sum of the losses before and after each moment at which one of them changes.
    private var lost: [Timestamp: Int] = [:]
    /// The differences between the base before and after each moment.
    private var base: [Timestamp: Int] = [:]

    init(now: Timestamp, policy: Policy, facts: DeletionGuard.Facts, record: GuardRecord) {
        self.now = now
        self.policy = policy.deletionGuard
        self.facts = facts
        limits = policy.limits
        earlier =
            record.hasAllGains
            ? Dictionary(record.gains.map { ($0.preset, $0.earlier) }) { first, _ in first } : nil
        calendar = NumberCalendar(from: now, zones: facts.zones, limit: policy.limits.instancesPerPreset)
    }

    /// Returns the largest number that the accepted definition asks for.
    func most(_ change: GuardedChange) -> Int { change.accepted.map { calendar.most($0.numbers) } ?? 0 }

    /// Returns the number of workspaces that the change adds at a moment, as far as it is known.
    func gain(of change: GuardedChange, at moment: Timestamp) -> Int {
        guard let accepted = change.accepted,
            let before = calendar.number(of: accepted.numbers, at: moment),
            let after = calendar.number(of: change.proposal.numbers, at: moment)
        else { return 0 }
        return max(0, after - before)
    }

    mutating func add(_ change: GuardedChange) {
        var worst: Loss?
        var course: [(at: Timestamp, number: Int, loss: Loss)] = []
        if change.accepted == nil {
            let count = facts.unclaimed[change.name] ?? 0
            course = [(now, count, Loss(count: count, at: now))]
        } else if facts.everReady.contains(change.name) {
            course = self.course(of: change)
        }
        for step in course where step.loss.count > worst?.count ?? 0 { worst = step.loss }
        losses.append((change, worst))
        guard worst != nil else { return }
        var before = (loss: 0, base: 0)
        for (at, number, loss) in course {
            let share = max(loss.count, min(number, earlier.map { $0[change.name] ?? number } ?? 0))
            lost[at, default: 0] += loss.count - before.loss
            base[at, default: 0] += share - before.base
            before = (loss.count, share)
        }
    }

    /// Returns the accepted numbers and the losses over time. A loss at an unknown time counts at the end of the seven
    /// days that the calendar shows.
    private mutating func course(of change: GuardedChange) -> [(at: Timestamp, number: Int, loss: Loss)] {
        guard let accepted = change.accepted else { return [] }
        let (old, new) = (accepted.numbers, change.proposal.numbers)
        var steps: [(at: Timestamp, old: Int, new: Int)] = [(now, calendar.most(old), calendar.least(new))]
        if let before = calendar.course(of: old), let after = calendar.course(of: new) {
            steps = NumberCalendar.compare(before, after)
        } else if old == new {
            steps = [(now, calendar.most(old), calendar.most(old))]
        }
        var course = steps.map { (at: $0.at, number: $0.old, loss: Loss(count: max(0, $0.old - $0.new), at: $0.at)) }
        let replaced = replaced(by: change, from: steps[0].old, to: steps[0].new)
        if replaced > course[0].loss.count {
            // Soon after, they have replacements.
            let soon = now + .seconds(1)
            if course.count == 1 || course[1].at > soon {
                course.insert((soon, course[0].number, course[0].loss), at: 1)
            }
            course[0].loss = Loss(count: replaced, at: now, isReplacement: true)
        }
        let (hidden, end) = (calendar.hiddenLoss(from: old, to: new), now + NumberCalendar.horizon)
        let index = course.firstIndex { $0.at > end } ?? course.count
        if hidden > course[index - 1].loss.count {
            course.insert((end, max(hidden, course[index - 1].number), Loss(count: hidden, at: end)), at: index)
        }
        return course
    }

    /// Returns the number of workspaces that a new version, a shorter `ttl` or another strategy takes away before they
    /// have replacements; 0 if it is not most of them.
    private func replaced(by change: GuardedChange, from old: Int, to new: Int) -> Int {
        guard change.mayReplaceMost else { return 0 }
        let expires = facts.oldestReady[change.name].map { $0 + (change.proposal.ttl ?? .zero) <= now } ?? false
        let all = change.isNewVersion || change.isShorterTTL && expires
        let taken = min(
            all ? old : facts.stale[change.name] ?? 0, old - min(old, change.proposal.strategy.floor(desired: new)))
        return taken > old / 2 ? taken : 0
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
        _ changes: [GuardedChange], _ gone: [GuardRecord.Loss], _ record: GuardRecord
    ) -> Decision {
        let losing = losses.compactMap { $0.loss == nil ? nil : $0.change }
        guard !losing.isEmpty else { return Decision(base: nil) }
        let recent = gone.reduce(0) { $0 + $1.count }
        let worst = worstMoment(losing, changes, recent: recent, limit: record.heldAmong)
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
        _ losing: [GuardedChange], _ changes: [GuardedChange], recent: Int, limit: Int?
    ) -> (removed: Int, all: Int, base: Int) {
        addOthers(losing, changes)
        let cap = [limits.instancesPerSource, limits.instances].compactMap(\.self).min() ?? .max
        var worst = (removed: 0, all: 0, base: 0)
        var (removed, base) = (0, 0)
        for moment in Set(lost.keys).union(self.base.keys).sorted() {
            base += self.base[moment] ?? 0
            guard let difference = lost[moment] else { continue }
            removed += difference
            guard removed > 0 else { continue }
            let (taken, whole) = (removed + recent, max(min(base, cap), removed) + recent)
            let all = max(taken, min(whole, limit ?? whole))
            let isWorse = worst.all == 0 || isWorse((taken, all), than: (worst.removed, worst.all))
            if isWorse { worst = (taken, all, min(whole, limit ?? whole)) }
        }
        return worst
    }

    /// Adds the presets to the base that lose nothing. Later than the days that the calendar shows, the lowest number
    /// of their schedules counts. Workspaces that a pool lacks now do not count: a number that nothing is built for, for
    /// example of a suspended preset, must not make the base larger.
    private mutating func addOthers(_ losing: [GuardedChange], _ changes: [GuardedChange]) {
        guard let earlier else { return }
        let names = Set(losing.map(\.name))
        // Most presets of a source share a few demands.
        var counts: [Others: Int] = [:]
        let proposals = Dictionary(changes.map { ($0.name, $0) }) { first, _ in first }
        for preset in facts.presets where facts.everReady.contains(preset.key.name) && !names.contains(preset.key.name)
        {
            let change = proposals[preset.key.name]
            if (change?.proposal ?? preset).isOutsideGuard || change?.needsConfirmation == true { continue }
            let demand = (change?.accepted ?? preset.accepted).numbers
            let name = preset.key.name
            let existing = (facts.unclaimed[name] ?? 0) + (facts.claimed[name] ?? 0)
            let lack = max(0, (calendar.number(of: demand, at: now) ?? calendar.least(demand)) - existing)
            counts[Others(demand: demand, limit: earlier[name] ?? .max, lack: lack), default: 0] += 1
        }
        let end = now + NumberCalendar.horizon
        for (others, count) in counts {
            let (most, least) = (calendar.most(others.demand), calendar.least(others.demand))
            var steps = [(at: now, number: most)]
            if let course = calendar.course(of: others.demand) {
                steps = course.isComplete ? course.steps.filter { $0.at < end } : [(now, least)]
            }
            if others.demand.schedule != nil { steps.append((end, least)) }
            var before = 0
            for step in steps {
                let number = max(0, min(step.number, others.limit) - others.lack) * count
                base[step.at, default: 0] += number - before
                before = number
            }
        }
    }

    /// Presets with the same demand.
    private struct Others: Hashable {
        let demand: Demand
        /// The largest number that counts.
        let limit: Int
        /// The number of workspaces that the pool lacks now.
        let lack: Int
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
