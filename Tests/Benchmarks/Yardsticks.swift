import CLibGit2
import CLibYAML
import Foundation
import GRDBSQLite

/// What the libraries themselves need for the work, with nothing around it: the limit that cannot be passed.
final class Yardstick {
    private let path: String
    private let store: String
    private var repository: OpaquePointer?
    private let database: RawSQLite
    /// Closed when it is: ours isn't closed either while it counts.
    private var restarted: [Yardstick] = []

    /// Has a store of its own with a row for each instance.
    convenience init(repository path: String, store: String, presets: Int, instances: Int) throws {
        git_libgit2_init()
        try self.init(repository: path, store: store)
        try Self.makeTables(in: database)
        try fill(presets: presets, instances: instances)
    }

    private init(repository path: String, store: String) throws {
        self.path = path
        self.store = store
        database = try RawSQLite(path: store, makes: true)
        try check(git_repository_open(&repository, path))
    }

    deinit { git_repository_free(repository) }

    /// What of a remote tells that there is nothing new.
    func listReferences(of url: String) throws -> Int {
        var remote: OpaquePointer?
        try check(git_remote_create_detached(&remote, url))
        defer { git_remote_free(remote) }
        try check(git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, nil))
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try check(git_remote_ls(&heads, &count, remote))
        return count
    }

    /// Reads all blobs of a commit.
    func blobs(of commit: String) throws -> [[UInt8]] {
        let tree = try self.tree(of: commit)
        defer { git_tree_free(tree) }
        var contents: [[UInt8]] = []
        try walk(tree) { contents.append(try self.blob($0)) }
        return contents
    }

    /// The events of libyaml, and nothing made of them.
    static func events(of bytes: [UInt8]) throws -> Int {
        var parser = yaml_parser_t()
        yaml_parser_initialize(&parser)
        defer { yaml_parser_delete(&parser) }
        return try bytes.withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            var (event, count, isAtEnd) = (yaml_event_t(), 0, false)
            while !isAtEnd {
                guard yaml_parser_parse(&parser, &event) == 1 else { throw BenchmarkFailure(message: "no YAML") }
                isAtEnd = event.type == YAML_STREAM_END_EVENT
                count += 1
                yaml_event_delete(&event)
            }
            return count
        }
    }

    /// Blobs, events, and a row for each workspace in a new store.
    func cold(_ commit: String, store: String, instances: Int) throws {
        let contents = try blobs(of: commit)
        for bytes in contents { _ = try Self.events(of: bytes) }
        let database = try RawSQLite(path: store, makes: true)
        try Self.makeTables(in: database)
        try database.execute("BEGIN IMMEDIATE")
        try Self.insert(into: database, presets: contents.count, instances: instances)
        try database.execute("COMMIT")
    }

    /// Repository and store opened, blobs, events, and all rows.
    func restart(_ commit: String) throws {
        let opened = try Yardstick(repository: path, store: store)
        restarted.append(opened)
        for bytes in try opened.blobs(of: commit) { _ = try Self.events(of: bytes) }
        _ = try opened.database.rows("SELECT id, preset, hash, state, created, expires, claimed FROM workspaces")
    }

    /// Trees compared, one blob read and parsed, the rows of its preset read, changed and committed.
    func change(from old: String, to new: String, round: Int) throws {
        let (before, after) = (try tree(of: old), try tree(of: new))
        defer {
            git_tree_free(before)
            git_tree_free(after)
        }
        var changed: [(name: String, id: git_oid)] = []
        try compare(git_tree_id(before), git_tree_id(after), &changed)
        try database.execute("BEGIN IMMEDIATE")
        for (name, id) in changed {
            _ = try Self.events(of: try blob(id))
            let preset = String(name.dropLast(5))
            try database.run("SELECT id, hash, state FROM workspaces WHERE preset = ?", [.text(preset)])
            try database.run("UPDATE workspaces SET hash = ? WHERE preset = ?", [.number(Int64(round)), .text(preset)])
        }
        try database.execute("COMMIT")
        guard changed.count == 1 else { throw BenchmarkFailure(message: "\(changed.count) differ") }
    }

    // MARK: libgit2

    private func check(_ code: Int32) throws {
        guard code >= 0 else {
            throw BenchmarkFailure(message: git_error_last().map { String(cString: $0.pointee.message) } ?? "libgit2")
        }
    }

    private func tree(of commit: String) throws -> OpaquePointer? {
        var (id, commitObject, tree): (git_oid, OpaquePointer?, OpaquePointer?) = (git_oid(), nil, nil)
        try check(git_oid_fromstr(&id, commit))
        try check(git_commit_lookup(&commitObject, repository, &id))
        defer { git_commit_free(commitObject) }
        try check(git_commit_tree(&tree, commitObject))
        return tree
    }

    private func blob(_ id: git_oid) throws -> [UInt8] {
        var (id, blob): (git_oid, OpaquePointer?) = (id, nil)
        try check(git_blob_lookup(&blob, repository, &id))
        defer { git_blob_free(blob) }
        return Array(UnsafeRawBufferPointer(start: git_blob_rawcontent(blob), count: Int(git_blob_rawsize(blob))))
    }

    private func walk(_ tree: OpaquePointer?, _ visit: (git_oid) throws -> Void) throws {
        for index in 0..<git_tree_entrycount(tree) {
            let entry = git_tree_entry_byindex(tree, index)
            guard let id = git_tree_entry_id(entry) else { continue }
            if git_tree_entry_type(entry) == GIT_OBJECT_TREE {
                var child: OpaquePointer?
                try check(git_tree_lookup(&child, repository, id))
                defer { git_tree_free(child) }
                try walk(child, visit)
            } else {
                try visit(id.pointee)
            }
        }
    }

    /// Of a history in which files change and neither come nor go.
    private func compare(
        _ old: UnsafePointer<git_oid>?, _ new: UnsafePointer<git_oid>?, _ changed: inout [(name: String, id: git_oid)]
    ) throws {
        var (left, right): (OpaquePointer?, OpaquePointer?) = (nil, nil)
        try check(git_tree_lookup(&left, repository, old))
        defer { git_tree_free(left) }
        try check(git_tree_lookup(&right, repository, new))
        defer { git_tree_free(right) }
        for index in 0..<git_tree_entrycount(left) {
            let (first, second) = (git_tree_entry_byindex(left, index), git_tree_entry_byindex(right, index))
            guard git_oid_equal(git_tree_entry_id(first), git_tree_entry_id(second)) == 0 else { continue }
            if git_tree_entry_type(first) == GIT_OBJECT_TREE {
                try compare(git_tree_entry_id(first), git_tree_entry_id(second), &changed)
            } else if let name = git_tree_entry_name(second), let id = git_tree_entry_id(second) {
                changed.append((String(cString: name), id.pointee))
            }
        }
    }

    // MARK: SQLite

    private func fill(presets: Int, instances: Int) throws {
        try database.execute("BEGIN IMMEDIATE")
        try Self.insert(into: database, presets: presets, instances: instances)
        try database.execute("COMMIT")
    }

    private static func makeTables(in database: RawSQLite) throws {
        try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
        try database.execute(
            """
            CREATE TABLE workspaces (
                id BLOB PRIMARY KEY, preset TEXT NOT NULL, hash BLOB NOT NULL, state INTEGER NOT NULL,
                created INTEGER NOT NULL, expires INTEGER, claimed INTEGER
            ) WITHOUT ROWID;
            CREATE INDEX workspaces_of_preset ON workspaces (preset, state);
            """)
    }

    private static func insert(into database: RawSQLite, presets: Int, instances: Int) throws {
        var generator = SystemRandomNumberGenerator()
        try database.repeating("INSERT INTO workspaces VALUES (?,?,?,?,?,?,?)") { insert in
            for preset in 0..<presets {
                for instance in 0..<instances {
                    let words = [generator.next(), generator.next()]
                    let id = words.withUnsafeBytes { Array($0) }
                    let time = Int64(1_800_000_000 + instance)
                    try insert([
                        .bytes(id), .text("preset-\(preset)"), .bytes(id), .number(1), .number(time),
                        .number(time + 28_800), .none,
                    ])
                }
            }
        }
    }
}
