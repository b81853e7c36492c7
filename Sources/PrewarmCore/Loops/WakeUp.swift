/// The causes that wake a loop.
package struct WakeUp: OptionSet, Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The remote may have a new commit.
    package static let pull = WakeUp(rawValue: 1)
    /// The applied presets or the workspaces changed.
    package static let replan = WakeUp(rawValue: 2)
    /// A webhook announced a push.
    package static let pushed = WakeUp(rawValue: 4)
    /// The loop has to end.
    package static let stop = WakeUp(rawValue: 8)
}
