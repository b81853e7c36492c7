/// The `policy` of the operator's configuration, which bounds what manifests can ask for.
package struct Policy: Hashable, Sendable {
    package struct Limits: Hashable, Sendable {
        /// The largest number of workspaces of one preset, including claimed ones; nil for no limit.
        package var instancesPerPreset: Int?
        /// The largest number of workspaces of one source, including claimed ones; nil for no limit.
        package var instancesPerSource: Int?
        /// The largest number of workspaces of all sources, including claimed ones; nil for no limit.
        package var instances: Int?
        /// The largest number of actions in one reconciliation; nil for no limit.
        package var actionsPerTurn: Int?
        /// The largest number of presets, and of templates, that the manifests of one source may define (default: 10,000).
        package var presetsPerSource: Int

        /// The largest number of claims that may wait for a workspace at the same time (default: 1,000).
        package var waitingClaims: Int

        package static let standardPresetsPerSource = 10_000
        package static let standardWaitingClaims = 1_000

        package init(
            instancesPerPreset: Int? = nil, instancesPerSource: Int? = nil, instances: Int? = nil,
            actionsPerTurn: Int? = nil, presetsPerSource: Int = Limits.standardPresetsPerSource,
            waitingClaims: Int = Limits.standardWaitingClaims
        ) {
            self.waitingClaims = waitingClaims
            self.presetsPerSource = presetsPerSource
            self.instancesPerPreset = instancesPerPreset
            self.instancesPerSource = instancesPerSource
            self.instances = instances
            self.actionsPerTurn = actionsPerTurn
        }

        /// True if the number of workspaces is limited.
        package var areOfInstances: Bool {
            instancesPerPreset != nil || instancesPerSource != nil || instances != nil
        }
    }

    /// The thresholds of the deletion guard (rule 8 of ``Planner``). Deletions that a revision causes are held if they
    /// are more than ``percent`` and more than ``above``, or if the source has no preset left.
    package struct DeletionGuard: Hashable, Sendable, CustomStringConvertible {
        /// The largest share of a source's unclaimed workspaces that a revision may remove, in percent (default: 50).
        package var percent = 50
        /// The number of workspaces that a revision may remove whatever their share is (default: 5).
        package var above = 5
        /// The time for which earlier removals count, so that many small commits are judged like a large one
        /// (default: 1h).
        package var window = Duration.seconds(3600)

        package init() {}

        /// False if the guard holds only the removal of a source's last preset.
        package var isOn: Bool { percent < 100 }

        /// Returns true if the guard holds the removal of `removed` of `all` workspaces. Example: the default policy
        /// holds 6 of 11 (more than 5, and 55 %), but neither 6 of 12 (50 %) nor 5 of 5.
        package func holds(_ removed: Int, of all: Int) -> Bool { removed > above && isMost(removed, of: all) }

        /// Returns true if `count` is more than ``percent`` of `all`, without regard to ``above``.
        package func isMost(_ count: Int, of all: Int) -> Bool { count * 100 > percent * all }

        package var description: String { "\(percent),\(above),\(window.components.seconds)" }
    }

    package var limits: Limits
    package var deletionGuard = DeletionGuard()
    /// The sources with `mode: observe`: their plans are made and shown, but not carried out.
    package var observedSources: Set<String> = []
    /// The freezes, by source.
    package var freezes: [String: [Freeze]] = [:]
    /// The time between two lists of a provisioner's workspaces, by provisioner (default: ``standardResync``).
    package var resync: [String: Duration] = [:]
    /// The limits on what one owner may hold.
    package var owners = OwnerPolicy()
    /// True if orphans are deleted. Otherwise they are only reported.
    package var deletesOrphans = false

    package static let standardResync = Duration.seconds(600)

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }
}

extension Policy {
    /// Returns true if the source has freezes, active or not.
    package func mayFreeze(_ source: String) -> Bool { freezes[source]?.isEmpty == false }
}
