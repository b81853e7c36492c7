import PrewarmCore
import PrewarmEngine

extension PresetKey {
    static let go = PresetKey(source: "main", name: "go")
}

extension WorkspaceSpec {
    static func sample(_ version: String = "1") -> WorkspaceSpec {
        WorkspaceSpec(
            template: "devcontainer", version: version, provisioner: "local",
            parameters: ["cpu": .integer(4), "region": .string("eu"), "token": .secret("TOKEN")])
    }
}

extension Preset {
    static func sample(_ key: PresetKey = .go, instances: Int = 3, retirement: Retirement? = nil, health: Health? = nil)
        -> Preset
    {
        Preset(
            key: key, labels: ["team": "platform"], annotations: ["note": "läuft ☕️"],
            origin: Origin(file: "presets/\(key.name).yaml", line: 4), spec: .sample(), instances: instances,
            ttl: .seconds(3600), retirement: retirement, health: health)
    }
}

extension Template {
    static func sample(_ name: String) -> Template {
        Template(
            name: name, origin: Origin(file: "t.yaml", line: 1), provisioner: "local", activeVersion: "2",
            parameters: [ParameterRule(name: "cpu", kind: .integer, minimum: 1, maximum: 8)],
            deprecated: Deprecation(message: "old", replacement: "new"))
    }
}

extension Timestamp {
    /// The time that is a number of seconds after an arbitrary start.
    static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_800_000_000 + seconds) }
}

extension Workspace {
    static func sample(
        _ id: String, _ preset: PresetKey = .go, _ state: WorkspaceState = .ready, version: String = "1",
        readyAt: Timestamp? = .at(10), owner: Owner? = nil, createdAt: Timestamp = .at(0)
    ) -> Workspace {
        let spec = WorkspaceSpec.sample(version)
        return Workspace(
            id: WorkspaceID(id), preset: preset, spec: spec, fingerprint: spec.fingerprint, state: state, owner: owner,
            createdAt: createdAt, readyAt: readyAt, revision: "main@sha1:\(String(repeating: "a", count: 40))")
    }
}

extension Operation {
    static func sample(
        _ id: String, _ workspace: String, _ kind: Kind = .create, _ preset: PresetKey = .go, state: State = .pending,
        dueAt: Timestamp = .at(0), provisioner: String = "local", finishedAt: Timestamp? = nil
    ) -> Operation {
        Operation(
            id: OperationID(id), kind: kind, workspace: WorkspaceID(workspace), preset: preset,
            provisioner: provisioner, reason: kind == .create ? .belowDesired : .outdated, state: state,
            nextAttemptAt: dueAt, createdAt: .at(0), finishedAt: finishedAt)
    }
}

extension ClaimRequest {
    static func sample(
        by owner: Owner = "ada", version: String = "1", readySince: Timestamp? = nil, key: ClaimKey? = nil,
        preset: PresetKey = .go
    ) -> ClaimRequest {
        ClaimRequest(
            preset: preset, owner: owner, current: WorkspaceSpec.sample(version).fingerprint, readySince: readySince,
            now: .at(100), idempotencyKey: key)
    }
}

extension Revision {
    static func sample(_ digit: Character, ref: String? = "main") -> Revision {
        Revision(ref: ref, commit: String(repeating: digit, count: 40))
    }
}
