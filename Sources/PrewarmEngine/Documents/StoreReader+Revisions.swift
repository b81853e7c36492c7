internal import PrewarmCore

extension StoreReader {
    /// Returns the newest revisions of a source, the newest first. The changes that the deletion guard holds now are marked
    /// in the newest revision. An earlier revision has none, since the newest one is judged with all its changes.
    package func markedRevisions(source: String, limit: Int) throws -> [RevisionRecord] {
        var revisions = try revisions(source: source, limit: limit)
        if !revisions.isEmpty { revisions[0].changes.markHeld(try guardRecord(ofSource: source).held.keys) }
        return revisions
    }
}
