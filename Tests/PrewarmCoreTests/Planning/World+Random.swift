import PrewarmCore

extension World {
    /// Returns a small random world that covers all rules, with many ties and boundary cases.
    static func random(_ random: inout SplitMix64) -> World {
        var world = World(now: Timestamp(seconds: 1_800_000_000))
        var number = 0
        for key in keys.indices {
            let preset = random.pick(presets[key])
            if random.chance(60) { world.presets.append(preset) } else if random.chance(70) { continue }
            // At most eight workspaces and mostly few, since each takes time.
            for _ in 0..<random.below(2 + random.below(8)) {
                number += 1
                // The ids are not in the order of the workspaces.
                let id = WorkspaceID("w\(number * 37 % 100)")
                world.instances.append(.random(id, of: preset, now: world.now, &random))
            }
            if random.chance(20) {
                world.failures.append(
                    FailureRecord(
                        preset: preset.key,
                        fingerprint: random.chance(80) ? preset.fingerprint : random.pick(fingerprints),
                        count: 1 + random.below(4), retryAt: world.now + .seconds(random.below(3) - 1), message: "no"))
            }
        }
        for key in keys where random.chance(60) { world.buildTimes[key] = .seconds(random.pick(buildSeconds)) }
        for key in keys where random.chance(30) { world.waiting[key] = 1 + random.below(3) }
        if random.chance(5) { world.heldElsewhere = 1 + random.below(3) }
        if random.chance(15) { world.limits.instancesPerPreset = random.below(9) }
        if random.chance(15) { world.limits.instancesPerSource = random.below(15) }
        if random.chance(15) { world.limits.instances = random.below(25) }
        if random.chance(25) { world.limits.actionsPerTurn = random.below(12) }
        if random.chance(10) { world.freeze["s"] = random.pick([[], [.create], [.delete], [.create, .delete]]) }
        if random.chance(5) { world.observedSources = ["t"] }
        return world
    }

    static let keys = [("a", "s"), ("b", "s"), ("c", "t"), ("d", "t")].map { PresetKey(source: $1, name: $0) }

    static let specs = ["1", "2", "3"].map {
        WorkspaceSpec(template: "go", version: $0, provisioner: "vm", parameters: [:])
    }

    static let fingerprints = specs.map(\.fingerprint)

    /// Random presets for each key. They are made once, since a fingerprint takes more time than the rest of a world.
    private static let presets: [[Preset]] = {
        var random = SplitMix64(seed: 42)
        return keys.map { key in (0..<800).map { _ in .random(key, &random) } }
    }()

    /// Returns a world with fewer presets, workspaces, failures and limits for which `fails` is still true.
    func shrunk(while fails: (World) -> Bool) -> World {
        var best = self
        while let smaller = best.smaller.first(where: fails) { best = smaller }
        return best
    }

    private var smaller: [World] {
        var worlds: [World] = []
        func add(_ change: (inout World) -> Void) {
            var world = self
            change(&world)
            worlds.append(world)
        }
        for index in presets.indices { add { $0.presets.remove(at: index) } }
        for index in instances.indices { add { $0.instances.remove(at: index) } }
        for index in failures.indices { add { $0.failures.remove(at: index) } }
        for key in buildTimes.keys { add { $0.buildTimes[key] = nil } }
        if heldElsewhere > 0 { add { $0.heldElsewhere = 0 } }
        for key in waiting.keys { add { $0.waiting[key] = nil } }
        for source in freeze.keys { add { $0.freeze[source] = nil } }
        if !observedSources.isEmpty { add { $0.observedSources = [] } }
        for limit in [
            \Policy.Limits.instancesPerPreset, \.instancesPerSource, \.instances, \.actionsPerTurn,
        ] where limits[keyPath: limit] != nil {
            add { $0.limits[keyPath: limit] = nil }
        }
        return worlds
    }
}

extension World: CustomStringConvertible {
    var description: String {
        var lines = ["limits: \(limits), freeze: \(freeze), observed: \(observedSources)"]
        for (key, count) in waiting.sorted(by: { $0.key < $1.key }) { lines.append("\(count) wait for \(key)") }
        if heldElsewhere > 0 { lines.append("held elsewhere: \(heldElsewhere)") }
        for preset in presets {
            lines.append(
                """
                preset \(preset.key): \(preset.instances) of \(preset.spec.version), \(preset.strategy), \
                ttl \(preset.ttl?.prewarmText ?? "none"), builds \(buildTimes[preset.key]?.prewarmText ?? "unknown"), \
                failureLimit \(preset.failureLimit), \
                \(preset.retirement.map { "\($0)" } ?? "in use")\(preset.isRetirementHeld ? ", held" : "")\(preset.isSuspended ? ", suspended" : ""), \
                \(preset.options)
                """)
        }
        for instance in instances {
            let version = World.fingerprints.firstIndex(of: instance.fingerprint).map { "\($0 + 1)" } ?? "?"
            let age = instance.readyAt.map { ", ready for \(($0 - now).components.seconds * -1)s" } ?? ""
            lines.append("\(instance.id) of \(instance.preset): \(instance.state), version \(version)\(age)")
        }
        for failure in failures {
            lines.append(
                "\(failure.preset): \(failure.count) failed, retry in \((failure.retryAt - now).components.seconds)s")
        }
        return lines.joined(separator: "\n")
    }
}

extension Preset {
    fileprivate static func random(_ key: PresetKey, _ random: inout SplitMix64) -> Preset {
        let retirements: [Preset.Retirement] = [
            .deprecated(Deprecation()), .templateDeprecated(Deprecation()), .inactive(activeVersion: "9"), .pruned,
        ]
        var preset = Preset(
            key: key, origin: Origin(file: "p.yaml", line: 1), spec: random.pick(World.specs),
            instances: random.below(8), ttl: random.chance(50) ? .seconds(60) : nil,
            strategy: random.chance(25)
                ? .recreate
                : .rollingUpdate(maxSurge: .random(&random), maxUnavailable: .random(&random)),
            failureLimit: 1 + random.below(4), retirement: random.chance(20) ? random.pick(retirements) : nil,
            isSuspended: random.chance(8), options: .random(&random))
        preset.isRetirementHeld = preset.retirement != nil && random.chance(20)
        return preset
    }
}

extension PoolOptions {
    fileprivate static func random(_ random: inout SplitMix64) -> PoolOptions {
        var options = PoolOptions()
        options.canary = random.pick([0, 1, 1, 1, 2])
        if random.chance(5) { options.mode = .observe }
        options.deletionPolicy = random.pick([.delete, .delete, .delete, .confirm, .retain])
        options.keepFailed = random.pick([0, 0, 1, 2])
        if random.chance(60) { options.onEmpty = .create }
        options.priority = random.pick([0, 0, 0, 1, -1])
        return options
    }
}

private let states: [WorkspaceState] = [
    .pending, .creating, .ready, .ready, .ready, .ready, .ready, .ready, .claimed, .deleting, .failed, .lost, .deleted,
    .suspect, .unhealthy,
]
/// Build times for a ttl of 60 seconds: from builds that change nothing to builds that take longer than the ttl.
private let buildSeconds = [0, 1, 2, 3, 8, 30, 90]
/// Ages for a ttl of 60 seconds. A negative age is in the future, for example after the clock was set back.
private let agesSeconds = [-30, 0, 1, 1, 15, 30, 45, 55, 59, 60, 61, 120]

extension IntOrPercent {
    fileprivate static func random(_ random: inout SplitMix64) -> IntOrPercent {
        random.chance(50) ? .count(random.below(4)) : .percent(random.pick([0, 1, 10, 25, 33, 50, 99, 100]))
    }
}

extension Instance {
    fileprivate static func random(
        _ id: WorkspaceID, of preset: Preset, now: Timestamp, _ random: inout SplitMix64
    ) -> Instance {
        let state = random.pick(states)
        let wasReady =
            switch state {
            case .pending, .creating, .failed: false
            case .ready, .claimed, .suspect, .unhealthy: true
            case .deleting, .lost, .deleted: random.chance(50)
            }
        let ageSeconds = random.pick(agesSeconds)
        return Instance(
            id: id, preset: preset.key,
            fingerprint: random.chance(65) ? preset.fingerprint : random.pick(World.fingerprints), state: state,
            readyAt: wasReady ? now - .seconds(ageSeconds) : nil)
    }
}

extension SplitMix64 {
    mutating func below(_ limit: Int) -> Int { Int(truncatingIfNeeded: next() >> 33) % limit }

    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        for index in elements.indices.dropFirst() { elements.swapAt(index, below(index + 1)) }
        return elements
    }
}
