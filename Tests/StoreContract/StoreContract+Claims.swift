import PrewarmCore
import PrewarmEngine
import Testing

extension StoreContract {
    static let claimCases = [
        Case("A claim takes current workspaces first, then the oldest ready one, then the lowest id") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.insert([
                    .sample("a", version: "2", readyAt: .at(1)), .sample("b", readyAt: .at(9)),
                    .sample("d", readyAt: .at(5)), .sample("c", readyAt: .at(5)),
                    .sample("e", version: "3", readyAt: .at(0)), .sample("f", .go, .creating, readyAt: nil),
                    .sample("g", PresetKey(source: "b", name: "go")), .sample("h", .go, .deleting),
                ])
            }
            var order = ""
            while let next = try await store.write({ try $0.claim(.sample()) }) { order += next.id.rawValue }
            #expect(order == "cdbea")
        },
        Case("A claimed workspace has its owner and the time of the claim") { fixture in
            let store = try await fixture.open()
            var expected = Workspace.sample("w1")
            try await store.write { [expected] in try $0.insert([expected]) }
            let claimed = try await store.write { try $0.claim(.sample(by: "ada", key: .local("k"))) }
            expected.state = .claimed
            expected.owner = "ada"
            expected.claimedAt = .at(100)
            #expect(claimed == expected)
            #expect(try await store.read { try $0.workspace("w1") } == expected)
            #expect(try await store.read { try $0.workspace(claimedWith: .local("k")) } == expected)
            #expect(try await store.read { try $0.workspace(claimedWith: .local("other")) } == nil)
        },
        Case("An expired workspace is not claimed") { fixture in
            let store = try await fixture.open()
            try await store.write { writer in
                try writer.insert([
                    .sample("old", readyAt: .at(49)), .sample("edge", readyAt: .at(50)),
                    .sample("outdated", version: "0", readyAt: .at(51)), .sample("new", readyAt: .at(52)),
                ])
            }
            let claim = ClaimRequest.sample(readySince: .at(50))
            #expect(try await store.write { try $0.claim(claim) }?.id.rawValue == "new")
            #expect(try await store.write { try $0.claim(claim) }?.id.rawValue == "outdated")
            #expect(try await store.write { try $0.claim(claim) } == nil)
        },
        Case("The same idempotency key gets the same workspace from each store") { fixture in
            let stores = [try await fixture.open(), try await fixture.open()]
            try await stores[0].write { try $0.insert((1...5).map { .sample("w\($0)") }) }
            let ids = try await withThrowingTaskGroup(of: String?.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        try await stores[index % 2].write { try $0.claim(.sample(key: .local("k"))) }?.id.rawValue
                    }
                }
                return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
            }
            #expect(ids == ["w1"])
            #expect(try await stores[0].write { try $0.claim(.sample(key: .local("other"))) }?.id.rawValue == "w2")
            #expect(try await stores[0].write { try $0.claim(.sample()) }?.id.rawValue == "w3")
        },
        Case("The same idempotency key of two callers gets two workspaces") { fixture in
            let store = try await fixture.open()
            try await store.write { try $0.insert((1...4).map { .sample("w\($0)") }) }
            @Sendable func claim(_ caller: String) async throws -> String? {
                let request = ClaimRequest.sample(key: ClaimKey("k", of: caller))
                let claimed: Workspace? = try await store.write { writer in try writer.claim(request) }
                return claimed?.id.rawValue
            }
            #expect(try await claim("token ci") == "w1")
            #expect(try await claim("oidc https://a.example ci") == "w2")
            #expect(try await claim("token ci") == "w1")
            #expect(try await store.read { try $0.workspace(claimedWith: ClaimKey("k", of: "local")) } == nil)
            try await store.write { try $0.remember(claimKey: ClaimKey("k", of: "token eve"), of: WorkspaceID("w4")) }
            #expect(try await claim("token eve") == "w4")
        },
        Case("Owners of different kinds with the same name are different owners") {
            fixture in
            let store = try await fixture.open()
            let long = String(repeating: "é", count: Owner.nameLimit)
            let owners = [
                Owner(.token, "ci"), Owner(.text, "ci"), Owner(.oidc(issuer: "https://a.example"), "ci"),
                Owner(.oidc(issuer: "https://b.example"), "ci"), Owner(.unrecorded, "ci"),
                Owner(.oidc(issuer: "https://a.example"), long),
            ]
            try await store.write { try $0.insert((1...owners.count).map { .sample("w\($0)") }) }
            for (index, owner) in owners.enumerated() {
                let claimed = try await store.write { try $0.claim(.sample(by: owner)) }
                #expect(claimed?.owner == owner)
                #expect(try await store.read { try $0.workspace("w\(index + 1)")?.owner } == owner)
            }
            let named = try await store.read { try $0.workspaces(WorkspaceFilter(owners: ["ci"])) }
            #expect(named.count == 5 && Set(named.map(\.owner)).count == 5)
            #expect(try await store.read { try $0.workspaces(WorkspaceFilter(owners: [long, "absent"])) }.count == 1)
        },
        Case("Eight concurrent claims of five workspaces get five different workspaces") { fixture in
            let stores = [try await fixture.open(), try await fixture.open()]
            try await stores[0].write { try $0.insert((1...5).map { .sample("w\($0)") }) }
            let claimed = try await withThrowingTaskGroup(of: Workspace?.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        try await stores[index % 2].write { try $0.claim(.sample(by: Owner(.text, "user\(index)"))) }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(claimed.compactMap { $0?.id }).count == 5)
            #expect(claimed.count { $0 == nil } == 3)
            #expect(Set(claimed.compactMap { $0?.owner }).count == 5)
        },
        Case("Exactly one of a claim and a deletion of the same workspace succeeds") { fixture in
            let stores = [try await fixture.open(), try await fixture.open()]
            for round in 0..<25 {
                let id = WorkspaceID("w\(round)")
                try await stores[0].write { try $0.insert([.sample(id.rawValue)]) }
                async let moved = stores[0].write { try $0.move([id], from: [.ready], to: .deleting) }
                async let claimed = stores[1].write { try $0.claim(.sample()) }
                let (deleted, taken) = (try await !moved.isEmpty, try await claimed != nil)
                #expect(deleted != taken)
                let state = try await stores[0].read { try $0.workspace(id.rawValue) }?.state
                #expect(state == (taken ? .claimed : .deleting))
            }
        },
        Case("A claim of an empty or unknown preset gets no workspace") { fixture in
            let store = try await fixture.open()
            try await store.write { try $0.save([.sample()]) }
            #expect(try await store.write { try $0.claim(.sample()) } == nil)
            #expect(try await store.write { try $0.claim(.sample(preset: .init(source: "x", name: "y"))) } == nil)
        },
    ]
}
