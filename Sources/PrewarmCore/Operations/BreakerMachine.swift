/// The circuit breaker of one provisioner: it distinguishes an outage of the provider from failures of presets.
///
/// It opens when the provisioner reports an outage, or after ``failuresToOpen`` failed builds without a success between,
/// of at least ``presetsToOpen`` presets whose fingerprints were built before. While it is open, one create at a time is
/// tried as a probe. The first build that succeeds closes it. Then one create runs, then two, then four, until the
/// provisioner's concurrency is reached.
///
/// What a probe shows:
///
/// | answer | the provider | next probe |
/// | --- | --- | --- |
/// | success | works | none: the breaker closes |
/// | `starting` | not known yet | when the workspace is ready or has failed |
/// | `outage`, `transient`, "try again later", a failure without a class, a timeout | does not work | after a pause twice as long |
/// | `capacity`, `quota`, `invalid` | answers, but builds nothing of this preset | after the same pause |
/// | none, since prewarm ended the probe or could not start it | not known | after the same pause |
///
/// The next probe is of another preset if creates of several presets wait.
///
/// Example: the provider fails at 10:00. Probes start at 10:00:30, 10:01:30, 10:03:30, 10:07:30 and then every 5 minutes.
package struct BreakerMachine: Hashable, Sendable {
    package enum Event: Hashable, Sendable {
        /// A build became ready.
        case built(PresetKey)
        /// A build failed, and the provisioner named no class.
        case failed(BreakerFailure, message: String, workspace: WorkspaceID)
        /// An operation was answered with an error of a class, or "try again later".
        case refused(ProviderError, workspace: WorkspaceID)
        /// An operation of this workspace ended before the provisioner could answer, and not because of the provisioner.
        case abandoned(WorkspaceID)
        /// The create of a workspace was started as a probe.
        case probeStarted(WorkspaceID, of: PresetKey)
        /// An operator asked for a try now.
        case retried
    }

    package enum Effect: Hashable, Sendable {
        /// The breaker opened. Conditions of presets change.
        case opened
        /// The breaker closed. Creates that wait may start now.
        case closed
        /// The failures led to the outage, so the presets get back the records that they had before.
        case takeBack([BreakerFailure])
    }

    /// The rule for starting a create.
    package enum Admission: Hashable, Sendable {
        case free
        /// One create may start as a probe.
        case probe
        case none
    }

    package private(set) var state: Breaker
    /// The largest number of operations of the provisioner that run at the same time.
    private let concurrency: Int

    package static let failuresToOpen = 5
    package static let presetsToOpen = 2
    /// The pause before the first probe. It doubles after each one that does not succeed.
    package static let firstPause = Duration.seconds(30)
    /// The longest pause between two probes.
    package static let longestPause = ProviderError.longestPause

    package init(_ state: Breaker, concurrency: Int) {
        self.state = state
        self.concurrency = concurrency
    }

    package mutating func handle(_ event: Event, at now: Timestamp) -> [Effect] {
        switch (event, state.phase) {
        case (.built(let preset), .closed):
            built(preset)
            return []
        case (.built(let preset), .open):
            close(preset, at: now)
            return [.closed]
        case (.failed(let failure, let message, _), .closed): return fail(failure, message, at: now)
        case (.failed(_, let message, let workspace), .open):
            endProbe(workspace, message, retryAfter: nil, at: now)
            return []
        case (.refused(let error, _), .closed):
            return error.kind == .outage ? open(error.message, retryAfter: error.retryAfter, at: now) : []
        case (.refused(let error, let workspace), .open):
            if error.kind.showsOutage {
                endProbe(workspace, error.message, retryAfter: error.retryAfter, at: now)
            } else {
                forgetProbe(workspace, retryAfter: error.retryAfter, at: now)
            }
            return []
        case (.abandoned(let workspace), .open):
            forgetProbe(workspace, retryAfter: nil, at: now)
            return []
        case (.probeStarted(let workspace, let preset), .open):
            state.probe = workspace
            state.lastProbed = preset
            // If this process is killed, the next probe waits, too.
            state.nextProbeAt = now + Self.pause(after: state.failedProbes)
            return []
        case (.retried, .open):
            state.nextProbeAt = now
            state.failedProbes = 0
            return []
        case (.abandoned, .closed), (.probeStarted, .closed), (.retried, .closed): return []
        }
    }

    /// Returns whether a create may start now.
    /// - Parameters:
    ///   - creates: the number of creates that run.
    ///   - isProbing: true if the build of ``Breaker/probe`` has not ended.
    package func admission(at now: Timestamp, creates: Int, isProbing: Bool) -> Admission {
        switch state.phase {
        case .closed: return state.room.map { creates < $0 } ?? true ? .free : .none
        case .open:
            guard !isProbing, let next = state.nextProbeAt else { return .none }
            return next.hasCome(at: now, atMost: Self.longestPause) ? .probe : .none
        }
    }

    /// Returns the presets in the order in which they are tried as a probe: first the one whose build last succeeded, then
    /// each in turn, by name.
    package func probeOrder(of presets: Set<PresetKey>) -> [PresetKey] {
        let sorted = presets.sorted()
        guard let last = state.lastProbed else {
            guard let built = state.lastBuilt, presets.contains(built) else { return sorted }
            return [built] + sorted.filter { $0 != built }
        }
        return sorted.filter { $0 > last } + sorted.filter { $0 <= last }
    }

    /// Returns the pause before the next probe.
    package static func pause(after failedProbes: Int) -> Duration {
        min(firstPause * (1 << min(failedProbes, 10)), longestPause)
    }

    // MARK: Steps

    private mutating func built(_ preset: PresetKey) {
        state.lastBuilt = preset
        state.failures = []
        guard let room = state.room else { return }
        state.successes += 1
        guard state.successes >= room else { return }
        state.successes = 0
        state.room = room * 2 < concurrency ? room * 2 : nil
    }

    /// - Parameter preset: The preset whose build last succeeded.
    private mutating func close(_ preset: PresetKey?, at now: Timestamp) {
        var closed = Breaker(provisioner: state.provisioner)
        closed.since = now
        closed.room = concurrency > 1 ? 1 : nil
        closed.lastBuilt = preset
        state = closed
    }

    private mutating func fail(_ failure: BreakerFailure, _ message: String, at now: Timestamp) -> [Effect] {
        state.failures.append(failure)
        if state.failures.count > Breaker.failuresLimit { state.failures.removeFirst() }
        let proven = state.failures.filter(\.isProven)
        guard proven.count >= Self.failuresToOpen, Set(proven.map(\.preset)).count >= Self.presetsToOpen else {
            return []
        }
        return open(message, retryAfter: nil, at: now)
    }

    private mutating func open(_ message: String, retryAfter: Duration?, at now: Timestamp) -> [Effect] {
        let failures = state.failures
        state.phase = .open
        state.since = now
        state.cause = message
        state.failedProbes = 0
        state.probe = nil
        state.lastProbed = nil
        state.room = nil
        state.successes = 0
        state.failures = []
        state.nextProbeAt = now + max(Self.firstPause, retryAfter ?? .zero)
        return failures.isEmpty ? [.opened] : [.opened, .takeBack(failures)]
    }

    /// Notes that a probe showed nothing about the outage. The pause since its start stays as it is, unless the provisioner
    /// asks for a longer one.
    private mutating func forgetProbe(_ workspace: WorkspaceID, retryAfter: Duration?, at now: Timestamp) {
        guard workspace == state.probe else { return }
        state.probe = nil
        guard let retryAfter, let next = state.nextProbeAt else { return }
        state.nextProbeAt = max(next, now + min(retryAfter, Self.longestPause))
    }

    /// Notes that a probe did not succeed. Results of creates that started before the breaker opened change nothing.
    private mutating func endProbe(
        _ workspace: WorkspaceID, _ message: String, retryAfter: Duration?, at now: Timestamp
    ) {
        guard workspace == state.probe else { return }
        state.probe = nil
        state.cause = message
        state.failedProbes = min(state.failedProbes + 1, 1000)
        state.nextProbeAt =
            now + min(max(Self.pause(after: state.failedProbes), retryAfter ?? .zero), Self.longestPause)
    }
}

extension ProviderError.Kind {
    /// True if an error of this class as the answer to a probe says that the provider still does not work.
    fileprivate var showsOutage: Bool {
        switch self {
        case .outage, .transient: true
        // The provider has judged this one request.
        case .capacity, .quota, .invalid: false
        }
    }
}
