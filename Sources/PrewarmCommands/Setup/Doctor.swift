import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
import PrewarmPostgres
import PrewarmProvisioners
import PrewarmSQLite

/// The checks of `prewarm doctor`. They run one after the other, and a failure does not stop the others.
struct Doctor {
    private let global: GlobalOptions

    init(_ global: GlobalOptions) {
        self.global = global
    }

    func report() async -> HealthReport {
        var report = HealthReport()
        if let (file, configuration) = read(&report) {
            let assembly = Assembly(file, configuration)
            let presets = await store(assembly, &report)
            for source in configuration.sources { await check(source, assembly, &report) }
            for provisioner in configuration.provisioners {
                report.checks.append(await ProvisionerCheck(file).check(provisioner))
            }
            timezones(of: configuration, presets, &report)
        }
        if report.library.isEmpty { report.library = "libgit2 \(GitLibrary.version)" }
        report.limits = [GitLibrary.limit]
        return report.masked
    }

    private func read(_ report: inout HealthReport) -> (ConfigurationFile, Configuration)? {
        do {
            let file = try ConfigurationFile(global)
            let configuration = try file.load()
            report.checks.append(
                .init(
                    kind: "configuration", verdict: .ok,
                    message: "\(file.path): \(counted(configuration.sources.count, "source")), "
                        + counted(configuration.provisioners.count, "provisioner")))
            return (file, configuration)
        } catch {
            report.fail("configuration", nil, error)
            return nil
        }
    }

    /// Checks the store and returns its applied presets; an empty list if the store cannot be read.
    private func store(_ assembly: Assembly, _ report: inout HealthReport) async -> [Preset] {
        do {
            let choice = try assembly.storeChoice()
            let store = try CommandStore.open(choice, readsBeside: true)
            // The check writes, so that it finds a full disk and a read-only folder.
            try await store.checkWritable()
            let (presets, sources, hold, breakers) = try await store.read { store in
                (
                    try store.presets(source: nil), try store.sources(), try store.identity().hold,
                    try store.openBreakers()
                )
            }
            report.checks += breakers.compactMap(\.outage).map { .init($0) }
            if let hold {
                report.checks.append(
                    .init(
                        kind: "store", verdict: hold.reason.isOfClaims ? .failed : .warning, message: hold.sentence,
                        hint: hold.hint))
            }
            if let store = store as? PostgresStore, let check = Self.clocks(of: store) { report.checks.append(check) }
            let damage = try await store.findDamage(isThorough: true)
            if let first = damage.first {
                report.checks.append(
                    .init(
                        kind: "store", verdict: .failed,
                        message: "the store \(choice.display) is damaged: \(first.printable)",
                        hint: StoreError.damageHint(choice.display),
                        details: damage.dropFirst().map { ("damage", $0.printable) }))
                return presets
            }
            report.checks.append(
                .init(
                    kind: "store", verdict: .ok,
                    message:
                        "\(choice.display)\(Self.version(of: store)): \(counted(presets.count, "applied preset")) of \(counted(sources.count, "source"))"
                ))
            return presets
        } catch {
            report.fail("store", nil, error)
            return []
        }
    }

    /// The versions of a database server and of the tables in it; an empty text for a file.
    private static func version(of store: any Store) -> String {
        guard let store = store as? PostgresStore else { return "" }
        return " (PostgreSQL \(store.serverVersion), tables of version \(PostgresStore.schemaVersion))"
    }

    /// Returns a warning if the clock of the database server and that of this machine differ so much that times in the logs of
    /// both cannot be compared. The leases of prewarm do not depend on it.
    private static func clocks(of store: PostgresStore) -> HealthReport.Check? {
        guard let difference = store.clockDifference(from: .now) else { return nil }
        let size = difference < .zero ? .zero - difference : difference
        guard size > .seconds(5) else { return nil }
        return .init(
            kind: "store", verdict: .warning,
            message: "the clock of the database server is \(size.components.seconds) s "
                + "\(difference < .zero ? "behind" : "ahead of") the clock of this machine. prewarm uses that of the server",
            hint: "synchronize both clocks, for example with chrony or systemd-timesyncd")
    }

    // MARK: Sources

    private func check(_ source: Configuration.Source, _ assembly: Assembly, _ report: inout HealthReport) async {
        let name = source.name.value
        let mirror: GitMirror
        do {
            mirror = try assembly.mirror(of: source, showsLog: true)
        } catch {
            return report.fail("source", name, error)
        }
        let probe = await mirror.probe()
        var details: [(key: String, value: String)] = []
        if let key = probe.hostKey {
            details.append(("host key", "\(key.fingerprint) (\(key.type))\(key.isTrusted ? ", trusted" : "")"))
            if !key.isTrusted { details.append(("known_hosts line", key.line)) }
        }
        if let failure = probe.failure {
            report.checks.append(
                .init(
                    kind: "source", name: name, verdict: .failed, message: failure.message,
                    hint: probe.hostKey.map { !$0.isTrusted && failure.hint?.contains($0.line) == true } == true
                        ? "compare the fingerprint with the one that the host's owner publishes, then add that line"
                        : failure.hint, details: details))
        } else {
            let revision = probe.revision.map { " is at \($0.short)" } ?? ""
            let (verdict, lack, hint) = await Self.contents(of: mirror, at: probe.revision)
            report.checks.append(
                .init(
                    kind: "source", name: name, verdict: verdict,
                    message: "\(mirror.displayURL)\(revision)" + (lack.map { ", but \($0)" } ?? ""), hint: hint,
                    details: details))
        }
        if let failure = await mirror.signatureProblem() {
            report.checks.append(
                .init(kind: "source", name: name, verdict: .failed, message: failure.message, hint: failure.hint))
        }
    }

    /// Reads the configured paths of a source. If only some of several paths are missing, this is a warning.
    private static func contents(
        of mirror: GitMirror, at revision: Revision?
    ) async -> (verdict: HealthReport.Verdict, lack: String?, hint: String?) {
        guard let revision else { return (.ok, nil, nil) }
        do throws(GitFailure) {
            try await mirror.fetch(revision)
            guard let missing = try await mirror.warnings(at: revision).first(where: \.isMissingPath) else {
                return (.ok, nil, nil)
            }
            return (.warning, "the path \(missing.file) has no files", "check `paths`, also for upper and lower case")
        } catch {
            return (.failed, error.message, error.hint)
        }
    }

    // MARK: Time zones

    private func timezones(of configuration: Configuration, _ presets: [Preset], _ report: inout HealthReport) {
        let zones = ZoneDirectory(environment: Environment.variables)
        var names = Set(presets.compactMap { $0.schedule?.timezone })
        names.formUnion(configuration.sources.flatMap(\.freezes).map(\.timezone))
        // If no preset uses a time zone, one is looked up to check that the database is installed.
        let asked = names.isEmpty ? ["Europe/Berlin"] : names.sorted()
        for name in asked {
            do throws(TimeZoneError) {
                _ = try zones.rules(of: name)
            } catch {
                let verdict: HealthReport.Verdict = names.isEmpty ? .warning : .failed
                report.checks.append(.init(kind: "timezones", verdict: verdict, message: error.message))
                return
            }
        }
        report.checks.append(
            .init(
                kind: "timezones", verdict: .ok,
                message: names.isEmpty
                    ? "the database is installed; no time zone is in use" : asked.joined(separator: ", ")))
    }
}

extension HealthReport.Check {
    /// The check of a provisioner that is unavailable.
    fileprivate init(_ outage: Outage) {
        self.init(
            kind: "provisioner", name: outage.provisioner, verdict: .failed,
            message: "unavailable since \(outage.since.inSentence): \(outage.cause)",
            hint: "prewarm continues by itself when a create works. To try now: `prewarm retry --provisioner "
                + "\(outage.provisioner)`")
    }
}

extension HealthReport {
    fileprivate mutating func fail(_ kind: String, _ name: String?, _ error: any Error) {
        let failure = CommandFailure(error)
        let places = failure.listed.map { "\n\($0.location): \($0.message)" }.joined()
        checks.append(
            .init(kind: kind, name: name, verdict: .failed, message: failure.message + places, hint: failure.hint))
    }
}
