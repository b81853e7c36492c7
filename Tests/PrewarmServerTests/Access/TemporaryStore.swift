import Foundation
import PrewarmEngine
import PrewarmSQLite

/// Runs the body with a store in a temporary folder, which is removed at the end.
func withStore(_ body: (any Store) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "prewarm-access-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(SQLiteStore.open(path: folder.appending(path: "prewarm.db").path))
}
