internal import PrewarmCore
internal import PrewarmEngine

/// The state of sources and operations, read from the store at a scrape.
struct MetricsState: Sendable {
    /// The state of one source.
    struct Source: Sendable {
        var name: String
        var ref = ""
        var ready = Condition.Status.unknown
        var isSuspended = false
        /// The time of the last reconciliation without an error, as recorded in the store. This process may know a later
        /// one, because the store records it only every few minutes. Another process may have recorded a later one, too.
        var lastSuccess: Timestamp?
        var committedAt: Timestamp?
        var validFiles = 0
        var invalidFiles = 0
        var foreignDocuments = 0
        var holdsLease = false
    }

    /// The sources, in the order of the configuration.
    var sources: [Source] = []
    var operations = OperationTallies()
    /// The number of broken claimed workspaces for each provisioner that offers `list`.
    var brokenClaims: [(provisioner: String, count: Int)] = []
    var claimsWaiting: [PresetKey: Int] = [:]
    /// The provisioners of the configuration, and whether their creates start.
    var provisioners: [(name: String, isAvailable: Bool)] = []
    var now: Timestamp
    var replicas = 0
    /// The connections to a database server; nil if the store is a file.
    var connections: StoreConnections?

    /// Reads the state in one snapshot of the store.
    static func read(_ engine: Engine) async throws -> MetricsState {
        let (now, holder, names) = (engine.now(), engine.holder, engine.sourceNames)
        let provisioners = engine.provisioners.keys.sorted()
        let connections = engine.store.connections
        let listed = engine.provisioners.filter { $0.value.operations.contains(.list) }.keys.sorted()
        return try await engine.store.read { store in
            var state = MetricsState(now: now)
            state.connections = connections
            state.replicas = try store.aliveReplicas(engine).count
            let suspensions = try store.suspensions().filter { $0.isInForce(at: now) }
            for name in names {
                var source = Source(name, try store.source(name), try store.diagnostics(source: name))
                source.isSuspended = suspensions.contains { $0.scope == .all || $0.scope == .source(name) }
                source.committedAt = try store.revisions(source: name, limit: 1).first?.committedAt
                let lease = try store.lease(ofSource: SourceShares.prefix + name)
                source.holdsLease = lease.map { $0.holder == holder && $0.until > now } ?? false
                state.sources.append(source)
            }
            state.operations = try store.unfinishedOperations(now: now)
            state.claimsWaiting = try store.ticketCounts()
            state.brokenClaims = try listed.map { ($0, try store.openSuspects(provisioner: $0).claimed.count) }
            let unavailable = Set(try store.openBreakers().map(\.provisioner))
            state.provisioners = provisioners.map { ($0, !unavailable.contains($0)) }
            return state
        }
    }

    /// Writes the metrics of sources and operations.
    /// - Parameters:
    ///   - held: The number of deletions that wait for approval, by source.
    ///   - lastSuccess: The time of the last reconciliation without an error in this process, by source.
    func write(version: String, held: [String: Int], lastSuccess: [String: Timestamp], to text: inout PrometheusText) {
        text.begin(.buildInfo)
        text.sample(.buildInfo, [version], 1)
        text.begin(.sourceInfo)
        for source in sources {
            let ready = source.ready.rawValue.lowercased()
            text.sample(.sourceInfo, [source.name, source.ref, ready, source.isSuspended ? "true" : "false"], 1)
        }
        func write(_ metric: MetricDescriptor, _ value: (Source) -> Timestamp?) {
            text.begin(metric)
            for source in sources {
                if let time = value(source) { text.sample(metric, [source.name], Double(time.milliseconds) / 1000) }
            }
        }
        write(.sourceLastSuccess) { [lastSuccess[$0.name], $0.lastSuccess].compactMap(\.self).max() }
        write(.sourceRevisionTime, \.committedAt)
        text.begin(.manifests)
        for source in sources {
            text.sample(.manifests, [source.name, "valid"], source.validFiles)
            text.sample(.manifests, [source.name, "invalid"], source.invalidFiles)
            text.sample(.manifests, [source.name, "ignored"], source.foreignDocuments)
        }
        text.begin(.deletionsHeld)
        for source in sources { text.sample(.deletionsHeld, [source.name], held[source.name] ?? 0) }
        text.begin(.brokenClaims)
        for claims in brokenClaims { text.sample(.brokenClaims, [claims.provisioner], claims.count) }
        text.begin(.claimsWaiting)
        for (preset, count) in claimsWaiting.sorted(by: { $0.key < $1.key }) {
            text.sample(.claimsWaiting, [preset.source, preset.name], count)
        }
        text.begin(.provisionerAvailable)
        for provisioner in provisioners {
            text.sample(.provisionerAvailable, [provisioner.name], provisioner.isAvailable ? 1 : 0)
        }
        text.begin(.leaseHeld)
        for source in sources { text.sample(.leaseHeld, [source.name], source.holdsLease ? 1 : 0) }
        text.begin(.replicas)
        text.sample(.replicas, [], replicas)
        if let connections { Self.append(connections, to: &text) }
        text.begin(.operations)
        for group in operations.groups {
            text.sample(.operations, [group.kind.rawValue, group.state.rawValue], group.count)
        }
        text.begin(.oldestPending)
        let waiting = operations.oldestDueAt.map { max(now - $0, .zero) } ?? .zero
        text.sample(.oldestPending, [], waiting / .seconds(1))
    }
}

extension MetricsState {
    private static func append(_ connections: StoreConnections, to text: inout PrometheusText) {
        text.begin(.databaseConnections)
        text.sample(.databaseConnections, [], connections.open)
        text.begin(.databaseWaiting)
        text.sample(.databaseWaiting, [], connections.waiting)
        text.begin(.databaseListening)
        text.sample(.databaseListening, [], connections.isListening ? 1 : 0)
        text.begin(.databaseConnects)
        text.sample(.databaseConnects, ["success"], connections.connects)
        text.sample(.databaseConnects, ["error"], connections.failedConnects)
        text.begin(.databaseRetries)
        for (cause, count) in connections.retries.sorted(by: { $0.key < $1.key }) {
            text.sample(.databaseRetries, [cause], count)
        }
        text.begin(.databaseClockJumps)
        text.sample(.databaseClockJumps, [], connections.clockJumps)
    }
}

extension MetricsState.Source {
    fileprivate init(_ name: String, _ record: SourceRecord?, _ diagnostics: [Diagnostic]) {
        self.name = name
        guard let record else { return }
        ready = record.failure != nil ? .no : record.applied == nil ? .unknown : .yes
        ref = record.applied?.ref ?? ""
        // Stores of earlier versions have no time of success. If the source fails now, it worked until the failure began.
        lastSuccess = record.succeededAt ?? record.appliedAt.map { record.failure?.since ?? $0 }
        invalidFiles = Set(diagnostics.lazy.filter { $0.severity == .error }.map(\.file)).count
        validFiles = max(record.files - invalidFiles, 0)
        foreignDocuments = record.foreignDocuments
    }
}
