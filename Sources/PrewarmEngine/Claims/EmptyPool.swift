package import PrewarmCore

/// The pool that had no workspace for a claim, with the reason if its builds fail.
package struct EmptyPool: Sendable {
    package let preset: Preset
    /// The number of workspaces of the pool that are starting.
    package let starting: Int
    /// The failed builds in a row of the current definition; nil if the last build succeeded.
    package let failure: FailureRecord?
    /// The outage of the preset's provisioner; nil if it is available.
    package let outage: Outage?
    /// True if the reader may read the texts of provisioners, and may therefore retry the preset.
    package let showsCause: Bool

    /// True if the failure limit is reached.
    package var isStalled: Bool { failure.map { $0.count >= preset.failureLimit } ?? false }

    /// True if no workspace can come: the preset asks for none at any time, and prewarm creates none for a claim.
    package var isHopeless: Bool {
        preset.options.onEmpty != .create && starting == 0 && preset.instances == 0
            && preset.schedule?.windows.allSatisfy { $0.instances == 0 } ?? true
    }

    /// Reads why a pool is empty.
    /// - Parameter audience: The reader of the reason.
    init(_ preset: Preset, in store: any StoreReader, for audience: some Audience) throws {
        self.preset = preset
        starting = try store.tallies(of: preset.key).reduce(0) {
            $0 + ($1.state == .pending || $1.state == .creating ? $1.count : 0)
        }
        failure = try store.failures(source: preset.key.source).first {
            $0.preset == preset.key && $0.fingerprint == preset.fingerprint
        }
        outage = try store.openBreakers().first { $0.provisioner == preset.spec.provisioner }?.outage
        showsCause = audience.readsLogs(of: preset.key)
    }
}

/// The pools that had no workspace for a claim.
package struct EmptyPools: Sendable {
    /// The pool that the claim would have got a workspace of first.
    package let first: EmptyPool
    /// The other pools, if the claim chose by a selector.
    package let others: [EmptyPool]
    /// The selector of the claim; nil if the claim named its preset.
    package let selector: PresetSelector?

    init(_ first: EmptyPool, _ others: [EmptyPool], selector: PresetSelector?) {
        self.first = first
        self.others = others
        self.selector = selector
    }

    package var all: [EmptyPool] { [first] + others }

    /// True if no workspace of any of the pools can come.
    package var isHopeless: Bool { all.allSatisfy(\.isHopeless) }
}
