import Foundation
import Testing

@testable import PrewarmServer

@Suite("The local token")
struct LocalTokenFileTests {
    private func withFolder(_ body: (_ store: String, _ token: String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = folder.appending(path: "prewarm.db").path
        try body(store, store + ".token")
    }

    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test("Only the owner can read the file, and the command line reads the daemon's token from it")
    func file() throws {
        try withFolder { (store, path) throws in
            let file = try LocalTokenFile(store: store)
            #expect(try mode(path) == 0o600)
            #expect(try LocalTokenFile.read(ofStore: store) == file.token.text)
            #expect(file.token.text.utf8.count == 4 + 12 + 1 + 52)
        }
    }

    @Test("There is no token if the file is missing or contains something else")
    func nothing() throws {
        try withFolder { (store, path) throws in
            #expect(try LocalTokenFile.read(ofStore: store) == nil)
            #expect(try LocalTokenFile.read(ofStore: store + "/deeper") == nil)
            try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
            #expect(try LocalTokenFile.read(ofStore: store) == nil)
        }
    }

    @Test("Each start creates a new token, and daemons that run at the same time share one")
    func starts() throws {
        try withFolder { (store, _) throws in
            var tokens: Set<String> = []
            for _ in 0..<3 {
                let first = try Self.lockable(store)
                let second = try LocalTokenFile(store: store)
                #expect(first.token == second.token)
                #expect(!first.isShared && second.isShared)
                tokens.insert(first.token.text)
            }
            #expect(tokens.count == 3)
        }
    }

    /// Returns the file when its lock is free. A process that another test forks holds the lock of an earlier file until
    /// it runs its program, so this waits for up to a minute.
    private static func lockable(_ store: String) throws -> LocalTokenFile {
        for _ in 0..<6000 {
            let file = try LocalTokenFile(store: store)
            if !file.isShared { return file }
            usleep(10_000)
        }
        return try LocalTokenFile(store: store)
    }

    @Test("A file that other users could have read is replaced, and a file that is not regular is refused")
    func otherFiles() throws {
        for permissions in [0o644, 0o640, 0o604, 0o666] {
            try withFolder { (store, path) throws in
                let known = AccessToken.random().text
                try Data(known.utf8).write(to: URL(fileURLWithPath: path))
                try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
                let reader = try #require(FileHandle(forReadingAtPath: path))
                let file = try LocalTokenFile(store: store)
                #expect(try file.token.text != known && mode(path) == 0o600)
                let old = String(decoding: reader.availableData, as: UTF8.self)
                #expect(old == known, "a process that has the old file open does not see the new token")
            }
        }
        try withFolder { (store, path) throws in
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: store)
            #expect(throws: AccessError.self) { try LocalTokenFile(store: store) }
            #expect(!FileManager.default.fileExists(atPath: store))
        }
        try withFolder { (store, path) throws in
            mkfifo(path, 0o600)
            #expect(throws: AccessError.self) { try LocalTokenFile(store: store) }
            #expect(try LocalTokenFile.read(ofStore: store) == nil)
        }
        try withFolder { (store, path) throws in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(throws: AccessError.self) { try LocalTokenFile(store: store) }
        }
    }
}
