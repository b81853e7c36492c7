/// What the operator allows, whatever the manifests ask for.
package struct Policy: Hashable, Sendable {
    package struct Limits: Hashable, Sendable {
        /// Nil: no limit.
        package var instancesPerPreset: Int?
        package var instancesPerSource: Int?
        package var instances: Int?
        package var actionsPerTurn: Int?

        package init(
            instancesPerPreset: Int? = nil, instancesPerSource: Int? = nil, instances: Int? = nil,
            actionsPerTurn: Int? = nil
        ) {
            self.instancesPerPreset = instancesPerPreset
            self.instancesPerSource = instancesPerSource
            self.instances = instances
            self.actionsPerTurn = actionsPerTurn
        }
    }

    package var limits: Limits

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }
}
