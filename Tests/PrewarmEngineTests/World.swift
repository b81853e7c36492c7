import ClockSupport
import Foundation
import MemoryStore
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmSQLite
import Synchronization

/// The store of a simulation.
enum StoreKind: Sendable {
    /// The reference, which takes little time.
    case memory
    case sqlite
}

/// A git repository, a provider of workspaces and a clock in memory, with a real store in a file.
final class World: Sendable {
    let path: String
    /// The state of the stores of the kind ``StoreKind/memory``.
    let database = MemoryDatabase()
    private let state = Mutex(State())

    struct State {
        /// The text of `presets.txt` by commit.
        var commits: [String: String] = [:]
        var head: String?
        var failure: GitFailure?
        /// The commits without a trusted signature.
        var untrusted: Set<String> = []
        /// The commits that were force-pushed: earlier commits are not in their history.
        var rewrites: Set<String> = []
        /// The paths of symbolic links.
        var links: [String] = []
        var listings = 0
        var now = Timestamp(seconds: 1_780_000_000)
        /// The machine's monotonic clock. Tests that change only ``now`` make the clock jump.
        var uptime = Duration.zero
        /// The number of starts of the machine.
        var boots = 0
        /// The ids of the workspaces that exist at the provider.
        var instances: Set<String> = []
        var calls: [String] = []
        /// The template versions whose create fails.
        var brokenVersions: Set<String> = []
        var failingDeletes = 0
        var isBusy = false
        /// The outcome of every operation; nil if the provider works.
        var outcome: Outcome?
        var startsSlowly = false
        /// The template versions whose create runs until it is canceled.
        var endlessVersions: Set<String> = []
        /// The template versions whose create gets no answer in time.
        var silentVersions: Set<String> = []
        /// The ids of workspaces whose create got no answer. The provider makes them when ``World/makeLate()`` is called.
        var late: Set<String> = []
        /// The number of such creates that were canceled.
        var canceledCreates = 0
        var deadHolders: Set<String> = []
        /// The existing workspaces that the provisioner's list leaves out.
        var unlisted: Set<String> = []
        /// The states that the provisioner reports instead of "ready", by workspace.
        var words: [String: String] = [:]
        /// The states that a list reports instead of ``words``, by workspace.
        var listedWords: [String: String] = [:]
        var canInspect = true
        var canList = true
        /// True if an inspect gets no answer.
        var failsToInspect = false
        /// True if the provisioner cannot list.
        var failsToList = false
        /// The time that a list takes. It contains the activity at its end.
        var listTime = Duration.zero
        /// The last times at which owners used workspaces, as the provisioner reports them.
        var activeAt: [String: Timestamp] = [:]
        /// True if the provisioner hands workspaces over.
        var handsOver = false
        var failsToHandOver = false
        /// The claims for which workspaces were handed over, by workspace.
        var handedOver: [String: Set<String>] = [:]
        /// The concurrency of the provisioner.
        var concurrency = 4
    }

    /// - Parameter folder: The folder of the store.
    init(folder: URL = FileManager.default.temporaryDirectory) throws {
        path = folder.appending(path: "prewarm-\(UUID().uuidString).db").path
    }

    deinit {
        for suffix in ["", "-wal", "-shm", ".identity"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    /// Lets the provider make the workspaces whose creates got no answer.
    func makeLate() {
        with { state in
            state.instances.formUnion(state.late)
            state.late = []
        }
    }

    func with<Result>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }

    /// Commits a text. Each line is `NAME INSTANCES VERSION` with optional words: `ttl=SECONDS deprecated broken recreate
    /// atOnce cold observe suspended confirm retain keepFailed limit=FAILURES priority=NUMBER one-by-one
    /// label=KEY:VALUE param=KEY:VALUE redirect=NAME window=HOUR-HOUR:INSTANCES` (in UTC) `lease=TTL,MAX,WARN,GRACE` (in seconds, with `,report`). The line
    /// `template SECONDS` sets the readyTimeout of the template, and
    /// `template - health=SECONDS:FAILURES` sets its health checks.
    func commit(_ text: String) {
        with { state in
            let id = String(format: "%040x", state.commits.count + 1)
            state.commits[id] = text
            state.head = id
        }
    }

    /// A clock with the world's wall time. Pauses take their real time.
    var clock: any EngineClock {
        RealClock(now: { self.with(\.now) }, uptime: { self.with { Uptime(boot: "\($0.boots)", elapsed: $0.uptime) } })
    }

    func engine(
        store: any Store, holder: String = "first", policy: Policy = Policy(), source: String = "presets",
        scope: String = "", url: String = "memory", requiresFastForward: Bool = false,
        masked: @escaping @Sendable (String) -> String = { $0 }, seed: UInt64? = nil, clock: (any EngineClock)? = nil
    ) -> Engine {
        let generator = seed.map { SharedGenerator(seed: $0) }
        return Engine(
            store: store,
            sources: [
                Engine.Source(
                    name: source, url: url, git: MemoryGit(world: self), scope: scope,
                    requiresFastForward: requiresFastForward)
            ],
            provisioners: ["local": MemoryProvisioner(world: self)], defaultProvisioner: "local", policy: policy,
            parser: ManifestParsing(version: 1, sizeLimit: 1000) { Self.parse($0) }, clock: clock ?? self.clock,
            random: { generator?.next() ?? randomBits() }, holder: holder,
            isDead: { holder in self.with { $0.deadHolders.contains(holder) } }, masked: masked)
    }

    /// Returns an engine that reads real manifests.
    func engine(
        git: FileGit, store: any Store, policy: Policy = Policy(), zones: ZoneDirectory = ZoneDirectory(),
        isIncremental: Bool = true
    ) -> Engine {
        Engine(
            store: store, sources: [Engine.Source(name: "presets", url: "memory", git: git)],
            provisioners: ["local": MemoryProvisioner(world: self)], defaultProvisioner: "local", policy: policy,
            parser: ManifestParsing(version: 1, sizeLimit: 1000) { ManifestParser.parse($0) }, zones: zones,
            clock: clock, random: randomBits, secretNames: ["local": ["known"]], holder: "first",
            isDead: { _ in false },
            isIncremental: isIncremental)
    }

    /// Opens the store of a simulation, or opens it again.
    func open(_ kind: StoreKind) throws -> any Store {
        switch kind {
        case .memory: MemoryStore(database)
        case .sqlite: try open()
        }
    }

    /// Returns a copy of the store of a simulation with the world that it belongs to. The store must not be written meanwhile.
    func copied(_ kind: StoreKind) throws -> (world: World, store: any Store) {
        switch kind {
        case .memory: return (self, MemoryStore(database.copy()))
        case .sqlite:
            let copy = try copied()
            return (copy, try copy.open())
        }
    }

    /// Returns another world with a copy of the file. The store must not be written meanwhile.
    private func copied() throws -> World {
        let copy = try World()
        for suffix in ["", "-wal", ".identity"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy.path + suffix)
        }
        return copy
    }

    func open() throws -> SQLiteStore { try SQLiteStore.open(path: path) }

    private static func parse(_ bytes: [UInt8]) -> ParsedFile {
        var file = ParsedFile()
        for (index, line) in String(decoding: bytes, as: UTF8.self).split(separator: "\n").enumerated() {
            let words = line.split(separator: " ").map(String.init)
            let position = Position(line: index + 1, column: 1)
            if words[0] == "template" {
                var template = TemplateDraft(name: Located("go", at: position))
                template.readyTimeoutSeconds = Int64(words[1])
                let health = words.first { $0.hasPrefix("health=") }?.dropFirst(7).split(separator: ":").compactMap {
                    Int($0)
                }
                if let health, health.count == 2 {
                    template.health = Health(interval: .seconds(health[0]), failures: health[1])
                }
                file.templates.append(template)
                continue
            }
            guard !words.contains("broken") else {
                file.invalid.append(InvalidDocument(isPreset: true, name: words[0]))
                file.diagnostics.append(Diagnostic(at: position, "it is broken"))
                continue
            }
            var draft = PresetDraft(
                name: Located(words[0], at: position), template: Located("go", at: position), spec: position,
                instances: Int(words[1]) ?? 0)
            draft.version = Located(words[2], at: position)
            draft.ttlSeconds = words.first { $0.hasPrefix("ttl=") }.flatMap { Int64($0.dropFirst(4)) }
            draft.deprecated = words.contains("deprecated") ? Deprecation() : nil
            if let name = words.first(where: { $0.hasPrefix("redirect=") })?.dropFirst(9) {
                draft.deprecated = Deprecation(replacement: String(name), redirects: true)
                draft.replacement = position
            }
            for word in words where word.hasPrefix("label=") || word.hasPrefix("param=") {
                let pair = word.dropFirst(6).split(separator: ":").map(String.init)
                if word.hasPrefix("label=") {
                    draft.labels[pair[0]] = pair[1]
                } else {
                    draft.parameters[pair[0]] = Located(.string(pair[1]), at: position)
                }
            }
            draft.strategy = words.contains("recreate") ? .recreate : .standard
            if words.contains("atOnce") {
                draft.strategy = .rollingUpdate(maxSurge: .count(0), maxUnavailable: .percent(100))
            }
            draft.isSuspended = words.contains("suspended")
            if words.contains("cold") { draft.options.onEmpty = .create }
            if words.contains("observe") { draft.options.mode = .observe }
            if words.contains("confirm") { draft.options.deletionPolicy = .confirm }
            if words.contains("retain") { draft.options.deletionPolicy = .retain }
            if let window = words.first(where: { $0.hasPrefix("window=") })?.dropFirst(7).split(separator: ":"),
                let cron = try? CronExpression("* \(window[0]) * * *"), let instances = Int(window[1])
            {
                draft.schedule = Schedule(timezone: "UTC", windows: [.init(cron: cron, instances: instances)])
            }
            if words.contains("keepFailed") { draft.options.keepFailed = 1 }
            if let limit = words.first(where: { $0.hasPrefix("limit=") }) {
                draft.failureLimit = Int(limit.dropFirst(6)) ?? draft.failureLimit
            }
            if let priority = words.first(where: { $0.hasPrefix("priority=") }) {
                draft.options.priority = Int(priority.dropFirst(9)) ?? 0
            }
            if let lease = words.first(where: { $0.hasPrefix("lease=") }) {
                draft.lease = LeasePolicy(leaseWords: lease.dropFirst(6).split(separator: ","))
            }
            if words.contains("one-by-one") {
                draft.strategy = .rollingUpdate(maxSurge: .count(1), maxUnavailable: .count(0))
            }
            file.presets.append(draft)
        }
        return file
    }
}

/// A seeded random generator that several tasks share.
private final class SharedGenerator: Sendable {
    private let state: Mutex<SplitMix64>

    init(seed: UInt64) {
        state = Mutex(SplitMix64(seed: seed))
    }

    func next() -> UInt64 { state.withLock { $0.next() } }
}

extension LeasePolicy {
    fileprivate init?(leaseWords words: [Substring]) {
        let numbers = words.compactMap { Int64($0) }.map { Duration.seconds($0) }
        guard numbers.count == 4 else { return nil }
        self.init(
            ttl: numbers[0], max: numbers[1], warn: numbers[2], grace: numbers[3],
            onExpiry: words.contains("report") ? .report : .delete)
    }
}

private struct MemoryGit: GitSource {
    let world: World

    func head() async throws(GitFailure) -> Revision {
        let (failure, head) = world.with { state in
            state.listings += 1
            return (state.failure, state.head)
        }
        if let failure { throw failure }
        guard let head else { throw GitFailure(.empty, "the repository has no commit yet") }
        return Revision(ref: "main", commit: head)
    }

    func fetch(_ revision: Revision) async throws(GitFailure) {}

    func lookUp(_ text: String) async throws(GitFailure) -> Revision { Revision(ref: nil, commit: text) }

    func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile] {
        [ManifestFile(path: "presets.txt", blob: revision.commit)]
    }

    func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        world.with { state in files.map { state.commits[$0.blob].map { Array($0.utf8) } } }
    }

    func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription {
        CommitDescription(author: "Ada", time: Timestamp(seconds: 0), subject: "change")
    }

    func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool {
        world.with { state in
            // Commits have growing numbers. Each follows on the one before, unless history was rewritten in between.
            old.commit <= new.commit && !state.rewrites.contains { old.commit < $0 && $0 <= new.commit }
        }
    }

    func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure) {
        guard world.with({ $0.untrusted.contains(revision.commit) }) else { return }
        throw GitFailure(.verificationFailed, "commit \(revision.commit) is not signed", hint: "sign it")
    }

    func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic] {
        world.with { $0.links.map { Diagnostic(.warning, file: $0, "it is a symbolic link") } }
    }
}

struct MemoryProvisioner: Provisioner {
    let world: World

    var operations: Set<ProvisionerOperation> {
        world.with { state in
            var operations: Set<ProvisionerOperation> = [.create, .delete]
            if state.canList { operations.insert(.list) }
            if state.canInspect { operations.insert(.inspect) }
            if state.handsOver { operations.insert(.claim) }
            return operations
        }
    }
    var concurrency: Int { world.with(\.concurrency) }

    func perform(
        _ request: ProvisionerRequest, started: @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        do {
            try await started(ProcessMark(group: 1, startTime: 1, bootID: "here"))
        } catch {
            return ProvisionerReply(outcome: .failed("not started"))
        }
        let id = request.workspace.id.rawValue
        if request.operation == .create, world.with({ $0.endlessVersions.contains(request.workspace.spec.version) }) {
            world.with { state in
                state.calls.append("create \(id)")
                state.late.insert(id)
            }
            while (try? await Task.sleep(for: .milliseconds(20))) != nil {}
            world.with { $0.canceledCreates += 1 }
            return ProvisionerReply(outcome: .tryLater("ended"), isUnanswered: true)
        }
        if request.operation == .create, world.with({ $0.silentVersions.contains(request.workspace.spec.version) }) {
            world.with { state in
                state.calls.append("create \(id)")
                state.late.insert(id)
            }
            return ProvisionerReply(outcome: .failed("timed out after 10m"), isUnanswered: true)
        }
        let outcome: Outcome = world.with { state in
            state.calls.append("\(request.operation.rawValue) \(id)")
            if state.isBusy { return .tryLater("busy") }
            if let outcome = state.outcome { return outcome }
            switch request.operation {
            case .create:
                if state.brokenVersions.contains(request.workspace.spec.version) { return .failed("no such image") }
                state.instances.insert(id)
                return state.startsSlowly
                    ? .starting(endpoint: nil, metadata: [:]) : .done(endpoint: "http://\(id)", metadata: [:])
            case .delete:
                if state.failingDeletes > 0 {
                    state.failingDeletes -= 1
                    return .failed("volume in use")
                }
                state.instances.remove(id)
                return .done(endpoint: nil, metadata: [:])
            case .claim:
                if !state.instances.contains(id) { return .failed("no such workspace") }
                state.handedOver[id, default: []].insert(request.claim?.id ?? "")
                return state.failsToHandOver ? .failed("no such branch") : .done(endpoint: nil, metadata: [:])
            default:
                if state.failsToInspect { return .failed("no route to host") }
                if !state.instances.contains(id) { return .lost }
                if let word = state.words[id] { return .broken(state: word, message: "the disk is full") }
                return state.startsSlowly
                    ? .starting(endpoint: nil, metadata: [:]) : .done(endpoint: "http://\(id)", metadata: [:])
            }
        }
        let activeAt = request.operation == .inspect ? world.with { $0.activeAt[id] } : nil
        return ProvisionerReply(outcome: outcome, log: "said something", activeAt: activeAt)
    }

    func list() async throws(ProvisionerFailure) -> [ListedWorkspace] {
        if world.with(\.failsToList) { throw ProvisionerFailure(.failed, "no list") }
        return world.with { state in
            state.now = state.now + state.listTime
            return state.instances.subtracting(state.unlisted).sorted().map {
                ListedWorkspace(
                    id: WorkspaceID($0), state: state.listedWords[$0] ?? state.words[$0] ?? "ready",
                    activeAt: state.activeAt[$0])
            }
        }
    }

    func end(_ mark: ProcessMark) async {}
}

extension Engine {
    /// Runs `prewarm sync`.
    @discardableResult
    func sync(waitsUntil: Instant? = nil, refreshes: Bool = false) async throws -> Synchronizer.Report {
        try await Synchronizer(self, sources: sourceNames, waitsUntil: waitsUntil, refreshes: refreshes) { _ in }.run()
    }

    func counts(_ preset: String) async throws -> PoolCounts? {
        try await assess("presets").plan.pools.first { $0.preset.name == preset }?.counts
    }
}
