extension Preset {
    /// Returns the fields in which this definition differs from an earlier one, in the order of the manifest's reference.
    /// The line of the manifest is not a field.
    package func changes(since old: Preset) -> [FieldChange] {
        guard self != old else { return [] }
        var comparison = FieldComparison()
        comparison.compareBuild(old.spec, spec)
        comparison.compareSize(old, self)
        comparison.compare(old.strategy, strategy, canary: (old.options.canary, options.canary))
        comparison.compare(old.lease, lease)
        comparison.compare("failureLimit", old.failureLimit, failureLimit)
        comparison.compareOptions(old.options, options)
        comparison.compare("readyTimeout", old.readyTimeout, readyTimeout)
        comparison.compare(old.health, health)
        comparison.compare("retired", old.retirementText, retirementText)
        comparison.compare("suspended", old.isSuspended, isSuspended)
        comparison.compare("labels", old.labels, labels) { $0 }
        comparison.compare("annotations", old.annotations, annotations) { $0 }
        comparison.compare("file", old.origin.file, origin.file)
        return comparison.changes
    }

    /// The reason why the pool is scaled to zero; nil if it is not.
    private var retirementText: String? {
        let held = isRetirementHeld ? " (the deletion guard holds the change)" : ""
        return switch retirement {
        case nil: nil
        case .deprecated(let deprecation): "the preset is \(deprecation.changeText)\(held)"
        case .templateDeprecated(let deprecation): "the template is \(deprecation.changeText)\(held)"
        case .inactive(let version): "the active version of the template is \(version)\(held)"
        case .pruned: "the preset was removed from git\(held)"
        }
    }
}

extension Deprecation {
    /// For example `deprecated: use Go 1.24 (replacement: go-next)`.
    var changeText: String {
        "deprecated" + (message.map { ": \($0)" } ?? "") + (replacement.map { " (replacement: \($0))" } ?? "")
    }
}

extension FieldComparison {
    /// Compares the fields of the fingerprint: a change of them replaces workspaces.
    fileprivate mutating func compareBuild(_ old: WorkspaceSpec, _ new: WorkspaceSpec) {
        compare("template", old.template, new.template) { $0.isEmpty ? nil : $0 }
        compare("version", old.version, new.version) { $0.isEmpty ? nil : $0 }
        compare("provisioner", old.provisioner, new.provisioner) { $0.isEmpty ? nil : $0 }
        compare("parameters", old.parameters, new.parameters) { $0.wholeText }
    }

    fileprivate mutating func compareSize(_ old: Preset, _ new: Preset) {
        compare("instances", old.instances, new.instances)
        compare("ttl", old.ttl, new.ttl)
        compare("schedule.timezone", old.schedule?.timezone, new.schedule?.timezone)
        compare("schedule.windows", old.schedule?.windows, new.schedule?.windows) { windows in
            windows?.map { "\($0.cron.text): \($0.instances)" }.joined(separator: ", ")
        }
    }

    fileprivate mutating func compare(
        _ old: RolloutStrategy, _ new: RolloutStrategy, canary: (old: Int, new: Int)
    ) {
        compare("strategy.type", old.typeText, new.typeText)
        compare("strategy.maxSurge", old.bounds?.surge, new.bounds?.surge) { $0?.description }
        compare("strategy.maxUnavailable", old.bounds?.unavailable, new.bounds?.unavailable) { $0?.description }
        compare("strategy.canary", canary.old, canary.new)
    }

    fileprivate mutating func compare(_ old: LeasePolicy?, _ new: LeasePolicy?) {
        compare("lease.ttl", old?.ttl, new?.ttl)
        compare("lease.max", old?.max, new?.max)
        compare("lease.warn", old?.warn, new?.warn)
        compare("lease.grace", old?.grace, new?.grace)
        compare("lease.onExpiry", old?.onExpiry.rawValue, new?.onExpiry.rawValue)
    }

    fileprivate mutating func compareOptions(_ old: PoolOptions, _ new: PoolOptions) {
        compare("onEmpty", old.onEmpty.rawValue, new.onEmpty.rawValue)
        compare("priority", old.priority, new.priority)
        compare("keepFailed", old.keepFailed, new.keepFailed)
        compare("deletionPolicy", old.deletionPolicy.rawValue, new.deletionPolicy.rawValue)
        compare("mode", old.mode.rawValue, new.mode.rawValue)
    }

    mutating func compare(_ old: Health?, _ new: Health?) {
        compare("health.interval", old?.interval, new?.interval)
        compare("health.failures", old?.failures, new?.failures) { $0.map { "\($0)" } }
        compare("health.freshness", old?.freshness, new?.freshness)
    }
}

extension RolloutStrategy {
    fileprivate var typeText: String { self == .recreate ? "Recreate" : "RollingUpdate" }

    /// The bounds as the manifest writes them; nil for ``recreate``.
    fileprivate var bounds: (surge: IntOrPercent, unavailable: IntOrPercent)? {
        guard case .rollingUpdate(let surge, let unavailable) = self else { return nil }
        return (surge, unavailable)
    }
}
