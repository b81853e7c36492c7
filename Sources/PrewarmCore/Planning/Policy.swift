/// What the operator allows, whatever the manifests ask for.
package struct Policy: Hashable, Sendable {
    package struct Limits: Hashable, Sendable {
        /// Nil: no limit.
        package var instancesPerPreset: Int?
        package var instancesPerSource: Int?
        package var instances: Int?
        package var actionsPerTurn: Int?
        /// The number of presets, and of templates, that the manifests of one source may define.
        package var presetsPerSource: Int

        package static let standardPresetsPerSource = 10_000

        package init(
            instancesPerPreset: Int? = nil, instancesPerSource: Int? = nil, instances: Int? = nil,
            actionsPerTurn: Int? = nil, presetsPerSource: Int = Limits.standardPresetsPerSource
        ) {
            self.presetsPerSource = presetsPerSource
            self.instancesPerPreset = instancesPerPreset
            self.instancesPerSource = instancesPerSource
            self.instances = instances
            self.actionsPerTurn = actionsPerTurn
        }

        /// Whether the number of workspaces is limited.
        package var areOfInstances: Bool {
            instancesPerPreset != nil || instancesPerSource != nil || instances != nil
        }
    }

    /// Deletions that revisions cause are held where they are more than both of these, or where nothing is left
    /// (rule 8).
    package struct DeletionGuard: Hashable, Sendable, CustomStringConvertible {
        /// Of the unclaimed instances of a source.
        package var percent = 50
        package var above = 5
        /// What was removed for this long counts, too, so that many small commits are like a large one.
        package var window = Duration.seconds(3600)

        package init() {}

        /// False where everything may go but the last preset.
        package var isOn: Bool { percent < 100 }

        /// More of them than may go without anybody's leave.
        package func holds(_ removed: Int, of all: Int) -> Bool { removed > above && isMost(removed, of: all) }

        /// More than the share, however few they are.
        package func isMost(_ count: Int, of all: Int) -> Bool { count * 100 > percent * all }

        package var description: String { "\(percent),\(above),\(window.components.seconds)" }
    }

    package var limits: Limits
    package var deletionGuard = DeletionGuard()
    /// Sources that are planned for, and never acted on.
    package var observedSources: Set<String> = []
    /// By source.
    package var freezes: [String: [Freeze]] = [:]
    /// Between two looks at what a provisioner lists, by its name.
    package var resync: [String: Duration] = [:]
    /// Workspaces that a provisioner lists and nobody knows are deleted, not only reported.
    package var deletesOrphans = false

    package static let standardResync = Duration.seconds(600)

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }
}

extension Policy {
    /// Whether there are times at which a source is frozen.
    package func mayFreeze(_ source: String) -> Bool { freezes[source]?.isEmpty == false }
}
