internal import Logging
internal import PrewarmCore

/// The leases of claims.
extension Daemon {
    /// The longest time between two looks. A look reads one row.
    private static let leaseLook = Duration.seconds(1)

    /// Warns of leases that end soon and ends those that are over.
    func watchLeases() async {
        let loop = progress.begin("leases")
        var watch = LeaseWatch(serves: true)
        while !Task.isCancelled {
            loop.comeRound(within: .seconds(60))
            var pause = Self.leaseLook
            do {
                try await engine.endAbandonedWaits()
                let report = try await engine.reviewLeases(&watch)
                if report.removed != .zero {
                    logger.notice(
                        "time without renewals does not count for leases",
                        metadata: ["seconds": "\(report.removed.components.seconds)"])
                }
                for workspace in report.ended {
                    logger.info(
                        "a claim ended with its lease",
                        metadata: ["workspace": "\(workspace.name)", "preset": "\(workspace.preset)"])
                }
                if !report.ended.isEmpty { replan() }
                if let next = report.next { pause = min(pause, max(next, .milliseconds(50))) }
            } catch {
                logger.error("cannot review claims and their leases", metadata: ["error": "\(error)"])
            }
            try? await engine.clock.sleep(for: pause)
        }
    }
}
