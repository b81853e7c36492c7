package import PrewarmCore

extension Engine {
    /// Holds a source at the commit that `text` (a branch, tag or commit) is now; the next turn goes to it.
    /// - Throws: ``GitFailure`` where there is no such commit.
    package func pin(
        _ name: String, at text: String, reason: String?, by: String, until: Timestamp?
    ) async throws -> Revision {
        guard let source = sources[name] else { throw TurnError.unknownSource(name) }
        let revision = try await source.git.lookUp(text)
        try await source.git.fetch(revision)
        let now = now()
        try await store.write { store in
            let pin = Pin(source: name, commit: revision.commit, reason: reason, by: by, since: now, until: until)
            try store.save(pin)
            try store.append([
                Event(
                    at: now, kind: .warning, reason: "Pinned", object: "source", name: name, source: name,
                    message: "at \(revision.short) \(pin.sentence)")
            ])
            try store.markDirty(source: name)
        }
        return revision
    }

    /// Lets the source follow its ref again. False where it was not pinned.
    package func unpin(_ name: String, by: String) async throws -> Bool {
        let now = now()
        return try await store.write { store in
            guard try store.pins().contains(where: { $0.source == name }) else { return false }
            try store.forgetPin(ofSource: name)
            try store.append([
                Event(
                    at: now, reason: "Unpinned", object: "source", name: name, source: name, message: "by \(by)")
            ])
            try store.markDirty(source: name)
            return true
        }
    }

    /// Where the source is to go now: to its pin if it has one in force, else to what its ref points at.
    /// - Throws: also where that is in force already, and is not trusted any more.
    func target(of source: Source, revision: String?, pin: Pin?, applied: Revision?) async throws -> Revision {
        let target = try await target(of: source, revision: revision, pin: pin)
        if target == applied { try await source.git.verifyAgain(target) }
        if revision == nil, pin == nil, let branch = target.ref, let other = source.branchesOfOthers[branch] {
            throw GitFailure(
                .refused, "HEAD of \(source.url) is \(branch), of which the source \(other) reads the same files",
                hint: "two sources would make every pool twice: keep one, or give this one a ref or a path of its own")
        }
        return target
    }

    private func target(of source: Source, revision: String?, pin: Pin?) async throws -> Revision {
        if let revision { return try await source.git.lookUp(revision) }
        if let pin { return try await source.git.lookUp(pin.commit) }
        return try await head(of: source)
    }
}

extension StoreReader {
    /// The one of a source that is in force.
    func pin(ofSource name: String, at now: Timestamp) throws -> Pin? {
        try pins().first { $0.source == name && $0.isInForce(at: now) }
    }
}
