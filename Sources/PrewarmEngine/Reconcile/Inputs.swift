import PrewarmCore

extension Engine {
    /// Returns the inputs of a plan besides the commit, as text. It changes with the configuration and with the parser.
    func inputs(of source: Source) -> String { "\(source.scope);\(inputsOfAll)" }

    /// The part of ``inputs(of:)`` that all sources share.
    var currentInputs: String {
        let offering = handoverProvisioners
        let names = provisioners.keys.sorted()
            .map { "\($0)\(secretNames?[$0]?.sorted() ?? [])\(offering.contains($0) ? "+claim" : "")" }
            .joined(separator: ",")
        let (limits, guarding) = (policy.limits, policy.deletionGuard)
        let numbers = [
            limits.instancesPerPreset, limits.instancesPerSource, limits.instances, limits.actionsPerTurn,
            limits.presetsPerSource,
        ]
        let texts = numbers.map { $0.map(String.init) ?? "-" }.joined(separator: ",")
        let rules = "\(guarding);\(policy.observedSources.sorted())"
        let freezes = policy.freezes.sorted { $0.key < $1.key }.map { source, freezes in
            source
                + freezes.map { "\($0.cron),\($0.duration),\($0.timezone),\($0.allowed.map(\.rawValue).sorted())" }
                .joined()
        }
        // If time zones are installed later, manifests that need them have to be read again.
        let zones = zones.exist ? "" : ";no time zones"
        return "\(parser.version);\(names);\(defaultProvisioner ?? "-");\(texts);\(rules);\(freezes)\(zones)"
    }
}
