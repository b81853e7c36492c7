package import PrewarmCore

/// The reads of circuit breakers.
package protocol BreakerReader {
    /// Returns the state of a provisioner's breaker; a closed one if none is stored.
    func breaker(of provisioner: String) throws -> Breaker
    /// Returns the breakers that are open, in the order of their provisioners.
    func openBreakers() throws -> [Breaker]
    /// Returns true if a workspace of the preset with this fingerprint became ready, as far as history is kept.
    func hasBuilt(_ fingerprint: Fingerprint, of preset: PresetKey) throws -> Bool
}

/// The writes that belong to ``BreakerReader``.
package protocol BreakerWriter {
    func save(_ breaker: Breaker) throws
    /// Makes all pending operations of a provisioner due.
    func makeDue(provisioner: String, at now: Timestamp) throws
}
