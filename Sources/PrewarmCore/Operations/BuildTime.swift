/// The expected time of a preset's builds. A slower build raises it at once, and faster builds lower it slowly.
package enum BuildTime {
    /// Returns the expected time after a build succeeded: the build's time if it was slower than expected. Otherwise
    /// the expected time minus a quarter of the difference.
    ///
    /// Example: after builds of 60 s and 20 s, 60 − 40 ÷ 4 = 50 s are expected. After another build of 20 s,
    /// 50 − 30 ÷ 4 = 42.5 s are expected.
    /// - Parameters:
    ///   - sample: the time of the build, from its start until the workspace was ready.
    ///   - known: the time that was expected before; nil if no build succeeded before.
    package static func expected(after sample: Duration, known: Duration?) -> Duration {
        let sample = max(sample, .zero)
        guard let known, sample < known else { return sample }
        return known - (known - sample) / 4
    }
}
