package import PrewarmCore

extension Engine {
    /// Pins a source to the commit that `text` (a branch, tag or commit) names now. The next reconciliation applies it.
    /// - Throws: ``GitFailure`` if there is no such commit or it is not trusted, ``ReconcileError/unknownSource(_:)``
    package func pin(
        _ name: String, at text: String, reason: String?, by: String, until: Timestamp?
    ) async throws -> Revision {
        guard let source = sources[name] else { throw ReconcileError.unknownSource(name) }
        let revision = try await source.git.lookUp(text)
        try await source.git.fetch(revision)
        // A pin at an untrusted commit would keep the source from applying anything. A sync looks the commit up again.
        try await source.git.verify(try await source.git.lookUp(revision.commit), since: nil)
        let now = now()
        try await store.write { store in
            let pin = Pin(source: name, commit: revision.commit, reason: reason, by: by, since: now, until: until)
            try store.save(pin)
            try store.append([
                Event(
                    at: now, kind: .warning, reason: .pinned, object: "source", name: name, source: name,
                    message: "pinned at \(revision.short) \(pin.sentence)")
            ])
            try store.markDirty(source: name)
        }
        return revision
    }

    /// Removes the pin of a source, so that it follows its ref again. Returns false if it was not pinned.
    package func unpin(_ name: String, by: String) async throws -> Bool {
        let now = now()
        return try await store.write { store in
            guard try store.pins().contains(where: { $0.source == name }) else { return false }
            try store.forgetPin(ofSource: name)
            try store.append([
                Event(
                    at: now, reason: .unpinned, object: "source", name: name, source: name,
                    message: "unpinned by \(by)")
            ])
            try store.markDirty(source: name)
            return true
        }
    }
}

extension StoreReader {
    /// Returns the pin of a source that applies now.
    func pin(ofSource name: String, at now: Timestamp) throws -> Pin? {
        try pins().first { $0.source == name && $0.isInForce(at: now) }
    }
}
