/// How long builds of a preset take: a slow one counts at once, faster ones little by little.
package enum BuildTime {
    /// Returns the time to expect after a build worked.
    ///
    /// Example: after builds of 60 s and 20 s, 50 s are expected; after another one of 20 s, 42.5 s.
    /// - Parameters:
    ///   - sample: how long that build took, from its start until the workspace was ready.
    ///   - known: what was expected before; nil: nothing.
    package static func expected(after sample: Duration, known: Duration?) -> Duration {
        let sample = max(sample, .zero)
        guard let known, sample < known else { return sample }
        return known - (known - sample) / 4
    }
}
