package import PrewarmCore

extension Engine {
    /// Clears the backoff of an operation, or the failures and backoffs of a preset.
    /// - Parameter name: The id of an operation, or the name of a preset.
    /// - Returns: The object with its kind, for example `preset go-large`.
    /// - Throws: ``RetryError``, ``ClaimError/unknownPreset(_:known:invalid:)``
    package func retry(_ name: String, by: String) async throws -> String {
        let now = now()
        return try await store.write { store in
            if let record = try store.operation(OperationID(name)) {
                guard record.operation.state == .pending else { throw RetryError.notPending(record.operation) }
                try retry([record], at: now, in: store)
                try store.append([
                    Event(
                        at: now, reason: .retried, object: "operation", name: name,
                        source: record.operation.preset.source, preset: record.operation.preset.name,
                        message: "retried by \(by)")
                ])
                return "operation \(name)"
            }
            let preset = try preset(named: name, in: store)
            try store.setFailure(nil, of: preset.key)
            let pending = try store.operations(OperationFilter(preset: preset.key, states: [.pending]))
            try retry(pending, at: now, in: store)
            try retryProvisioner(preset.spec.provisioner, at: now, in: store)
            try noteRetry(of: preset.key, by: by, at: now, in: store)
            return "preset \(preset.key.name)"
        }
    }

    /// Clears the failures of all presets and the backoffs of all operations.
    /// - Returns: The numbers, for example `2 presets, 1 operation`.
    package func retryAll(by: String) async throws -> String {
        let now = now()
        return try await store.write { store in
            let failures = try store.failures(source: nil)
            for failure in failures {
                try store.setFailure(nil, of: failure.preset)
                try noteRetry(of: failure.preset, by: by, at: now, in: store)
            }
            let waiting = try store.operations(OperationFilter(states: [.pending]))
                .filter { $0.operation.nextAttemptAt > now }
            try retry(waiting, at: now, in: store)
            for breaker in try store.openBreakers() {
                try retryProvisioner(breaker.provisioner, at: now, in: store)
            }
            return "\(failures.count.counted("preset")), \(waiting.count.counted("operation"))"
        }
    }

    /// Clears the failures of all presets of a provisioner and the backoffs of its operations. If the provisioner is
    /// unavailable, a create is tried at once.
    /// - Returns: The numbers, for example `provisioner local: 2 presets, 1 operation`.
    /// - Throws: ``RetryError/unknownProvisioner(_:known:)``
    package func retry(provisioner name: String, by: String) async throws -> String {
        guard provisioners[name] != nil else {
            throw RetryError.unknownProvisioner(name, known: provisioners.keys.sorted())
        }
        let now = now()
        return try await store.write { store in
            let presets = Set(
                try store.presets(source: nil).lazy.filter { $0.spec.provisioner == name }.map(\.key))
            let failures = try store.failures(source: nil).filter { presets.contains($0.preset) }
            for failure in failures {
                try store.setFailure(nil, of: failure.preset)
                try noteRetry(of: failure.preset, by: by, at: now, in: store)
            }
            let waiting = try store.operations(OperationFilter(states: [.pending]))
                .filter { $0.operation.provisioner == name && $0.operation.nextAttemptAt > now }
            try retry(waiting, at: now, in: store)
            try retryProvisioner(name, at: now, in: store)
            return "provisioner \(name): \(failures.count.counted("preset")), \(waiting.count.counted("operation"))"
        }
    }

    /// Makes the next probe of a provisioner due, if it is unavailable.
    private func retryProvisioner(_ name: String, at now: Timestamp, in store: any StoreWriter) throws {
        let before = try store.breaker(of: name)
        var machine = BreakerMachine(before, concurrency: provisioners[name]?.concurrency ?? 1)
        _ = machine.handle(.retried, at: now)
        if machine.state != before { try store.save(machine.state) }
    }

    private func retry(_ records: [OperationRecord], at now: Timestamp, in store: any StoreWriter) throws {
        for var record in records {
            record.operation.nextAttemptAt = now
            try store.update(record)
        }
    }

    private func noteRetry(of preset: PresetKey, by: String, at now: Timestamp, in store: any StoreWriter) throws {
        try store.append([
            Event(
                at: now, reason: .retried, object: "preset", name: preset.name, source: preset.source,
                preset: preset.name, message: "retried by \(by)")
        ])
        try store.markDirty(source: preset.source)
    }
}

/// The reason why a retry was refused.
package enum RetryError: Error {
    /// The operation is running or finished.
    case notPending(Operation)
    /// The configuration has no provisioner of this name.
    case unknownProvisioner(String, known: [String])
}
