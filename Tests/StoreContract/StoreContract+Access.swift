import PrewarmCore
import PrewarmEngine
import Testing

private func token(
    _ id: String, _ name: String, role: Role = .claimer, presets: [String] = ["go-*", "main/rust"],
    expiresAt: Timestamp? = .at(900)
) -> AccessTokenRecord {
    AccessTokenRecord(
        id: id, name: name, role: role, presets: presets, digest: [UInt8](repeating: 7, count: 32),
        createdAt: .at(1), createdBy: "ada", expiresAt: expiresAt)
}

private func entry(_ name: String, at: Timestamp = .at(0), revision: String? = nil) -> AuditEntry {
    AuditEntry(
        at: at, who: "token ci", from: "192.0.2.7", action: "claim", object: "workspace", name: name,
        revision: revision, detail: revision == nil ? nil : "für ☕️")
}

extension StoreContract {
    static let accessCases = [
        Case("A token is found by its id, and tokens are listed by name") { fixture in
            let store = try await fixture.open()
            let tokens = [token("i2", "a"), token("i1", "b", role: .operator, presets: [], expiresAt: nil)]
            try await store.write { (writer: any StoreWriter) throws in
                #expect(try writer.hasAccessTokens() == false)
                for token in tokens.reversed() { #expect(try writer.insert(token)) }
            }
            let again = try await fixture.open()
            try await again.read { (reader: any StoreReader) throws in
                #expect(try reader.hasAccessTokens())
                #expect(try reader.accessTokens() == tokens)
                #expect(try reader.accessToken("i1") == tokens[1])
                #expect(try reader.accessToken("a") == nil, "a name is not an id")
            }
        },
        Case("A second token with the same id or name is refused, and the first stays unchanged") { fixture in
            let store = try await fixture.open()
            try await store.write { (writer: any StoreWriter) throws in
                #expect(try writer.insert(token("i1", "a")))
                #expect(try writer.insert(token("i1", "b", role: .operator)) == false)
                #expect(try writer.insert(token("i2", "a", role: .operator)) == false)
                #expect(try writer.accessTokens() == [token("i1", "a")])
            }
        },
        Case("A deleted token gives no access, and its name can be used again") { fixture in
            let store = try await fixture.open()
            try await store.write { (writer: any StoreWriter) throws in
                #expect(try writer.insert(token("i1", "a")))
                #expect(try writer.forgetAccessToken("i1"))
                #expect(try writer.forgetAccessToken("i1") == false)
                #expect(try writer.accessToken("i1") == nil)
                #expect(try writer.hasAccessTokens() == false)
                #expect(try writer.insert(token("i2", "a")))
            }
        },
        Case("The time of the last use of a token never decreases") { fixture in
            let store = try await fixture.open()
            try await store.write { (writer: any StoreWriter) throws in
                _ = try writer.insert(token("i1", "a"))
                for seconds in [50, 20] { try writer.noteUse(ofAccessToken: "i1", at: .at(Int64(seconds))) }
                try writer.noteUse(ofAccessToken: "none", at: .at(60))
            }
            #expect(try await store.read { try $0.accessToken("i1") }?.lastUsedAt == .at(50))
        },
        Case("The audit log lists the newest entries first, and new entries do not move its pages") { fixture in
            let store = try await fixture.open()
            try await store.write { (writer: any StoreWriter) throws in
                for name in ["a", "b", "c"] { try writer.append(entry(name, revision: name == "b" ? "main" : nil)) }
            }
            let first = try await store.read { try $0.audit(before: nil, limit: 2) }
            #expect(first.map(\.entry) == [entry("c"), entry("b", revision: "main")])
            try await store.write { try $0.append(entry("d")) }
            let second = try await store.read { try $0.audit(before: first.last?.sequence, limit: 2) }
            #expect(second.map(\.entry) == [entry("a")])
            #expect(try await store.read { try $0.audit(before: nil, limit: 0) }.isEmpty)
            #expect(try await store.read { try $0.audit(before: nil, limit: -1) }.isEmpty)
        },
        Case("Audit entries are deleted by their own age, and their numbers are not reused") { fixture in
            let store = try await fixture.open()
            try await store.write { (writer: any StoreWriter) throws in
                for (name, seconds) in [("a", 1), ("b", 99), ("c", 2)] as [(String, Int64)] {
                    try writer.append(entry(name, at: .at(seconds)))
                }
                try writer.forgetHistory(before: .at(500))
                #expect(try writer.audit(before: nil, limit: 9).count == 3, "the history of events has its own age")
            }
            let highest = try await store.read { try $0.audit(before: nil, limit: 1) }.first?.sequence
            try await store.write { try $0.forgetAudit(before: .at(50)) }
            #expect(try await store.read { try $0.audit(before: nil, limit: 9) }.map(\.entry.name) == ["b"])
            try await store.write { try $0.append(entry("d", at: .at(100))) }
            let newest = try await store.read { try $0.audit(before: nil, limit: 1) }.first
            #expect(newest?.entry.name == "d" && newest?.sequence == highest.map { $0 + 1 })
        },
    ]
}
