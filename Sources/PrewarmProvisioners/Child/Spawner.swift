internal import CProcess

/// The small process that makes the child processes of prewarm.
package enum Spawner {
    /// Starts the process if it does not run. A daemon calls it before it reads its store and its sources, because the
    /// process keeps the memory that prewarm has now. If the system cannot start it, the first child tries again and reports
    /// the failure.
    package static func start() { _ = prewarm_spawner_start() }
}
