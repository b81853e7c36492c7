package import PrewarmCore

/// The settings of a provisioner that makes each workspace as a container.
package struct ContainerSettings: Sendable {
    /// The name that templates use.
    package var name: String
    package var spec: ContainerSpec
    /// The number of operations that may run at once.
    package var concurrency: Int
    /// The part of ``concurrency`` that is reserved for operations for which a user waits; nil for the standard number.
    package var reserve: Int?
    /// The limit of one operation, with the pull of its image.
    package var timeout: Duration
    /// The time between SIGTERM and SIGKILL when a container is deleted.
    package var grace: Duration
    /// The environment of prewarm, which may name the socket of the engine.
    package var ownEnvironment: [String: String]

    package init(
        name: String, spec: ContainerSpec, concurrency: Int = 4, reserve: Int? = nil,
        timeout: Duration = .seconds(600), grace: Duration = .seconds(5), ownEnvironment: [String: String] = [:]
    ) {
        self.name = name
        self.spec = spec
        self.concurrency = concurrency
        self.reserve = reserve
        self.timeout = timeout
        self.grace = grace
        self.ownEnvironment = ownEnvironment
    }
}
