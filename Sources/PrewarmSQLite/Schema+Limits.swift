internal import PrewarmCore
internal import PrewarmSQL

extension Schema {
    /// Adds indexes for what owners hold and wait for, the other presets of waiting claims, and the text that a claim asked
    /// with.
    static let limits = """
        CREATE INDEX workspaces_held ON workspaces (owner)
            WHERE state = \(WorkspaceState.claimed.code) AND state <> \(WorkspaceState.deleted.code);
        CREATE INDEX tickets_of_owner ON tickets (owner);
        -- The other presets: "" or a line feed, then each preset as source/name with a line feed.
        ALTER TABLE tickets ADD COLUMN others TEXT NOT NULL DEFAULT '';
        CREATE INDEX tickets_of_several ON tickets (id) WHERE others <> '';
        ALTER TABLE claims ADD COLUMN asked TEXT;
        """
}
