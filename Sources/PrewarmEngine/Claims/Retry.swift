package import PrewarmCore

extension Engine {
    /// Clears the backoff of an operation, or the failures and the backoffs of a preset; says what it did it to.
    package func retry(_ name: String, by: String) async throws -> String {
        let now = now()
        return try await store.write { store in
            if var record = try store.operation(OperationID(name)) {
                guard record.operation.state == .pending else { throw RetryError.notPending(record.operation) }
                record.operation.nextAttemptAt = now
                try store.update(record)
                try store.append([
                    Event(
                        at: now, reason: "Retried", object: "operation", name: name,
                        source: record.operation.preset.source, preset: record.operation.preset.name,
                        message: "by \(by)")
                ])
                return "operation \(name)"
            }
            let preset = try preset(named: name, in: store)
            try store.setFailure(nil, of: preset.key)
            for var record in try store.operations(OperationFilter(preset: preset.key, states: [.pending])) {
                record.operation.nextAttemptAt = now
                try store.update(record)
            }
            try store.append([
                Event(
                    at: now, reason: "Retried", object: "preset", name: preset.key.name, source: preset.key.source,
                    preset: preset.key.name, message: "by \(by)")
            ])
            try store.markDirty(source: preset.key.source)
            return "preset \(preset.key.name)"
        }
    }
}

package enum RetryError: Error {
    case notPending(Operation)
}
