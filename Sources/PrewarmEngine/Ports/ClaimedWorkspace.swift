package import PrewarmCore

/// The workspace of a claim, for receivers of notifications.
package struct ClaimedWorkspace: Hashable, Sendable {
    package let id: String
    package let owner: String
    package let endpoint: String?
    /// The id of the claim; nil for a claim of an earlier version.
    package let claim: String?

    package init(id: String, owner: String, endpoint: String?, claim: String?) {
        self.id = id
        self.owner = owner
        self.endpoint = endpoint
        self.claim = claim
    }

    init?(_ workspace: Workspace) {
        guard let owner = workspace.owner else { return nil }
        self.init(
            id: workspace.id.rawValue, owner: owner.name, endpoint: workspace.endpoint,
            claim: workspace.claim?.rawValue)
    }
}

extension ClaimedWorkspace: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(id)
        writer.write(owner)
        writer.write(endpoint)
        writer.write(claim)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        id = try reader.read()
        owner = try reader.read()
        endpoint = try reader.read()
        claim = try reader.read()
    }
}
