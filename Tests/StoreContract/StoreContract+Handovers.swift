import PrewarmCore
import PrewarmEngine
import Testing

extension StoreContract {
    static let handoverCases = [
        Case("A handover is no due operation, and is found until it ends") { fixture in
            let store = try await fixture.open()
            let lease = Lease(holder: "me", fence: 0, until: .at(60))
            try await store.write { store in
                try store.insert([.sample("w1", .go, .claimed), .sample("w2", .go, .claimed)])
                try store.insert([
                    .sample("o1", "w1", .claim), .sample("o2", "w2", .claim), .sample("o3", "w2", .delete),
                ])
                try store.update(OperationRecord(.sample("o1", "w1", .claim), lease: lease))
            }
            let filter = DueFilter(provisioner: "local")
            let open = try await store.read { try $0.handovers() }
            #expect(open.map(\.operation.id.rawValue) == ["o1", "o2"] && open.first?.lease == lease)
            try await store.write { store in
                try store.update(OperationRecord(.sample("o2", "w2", .claim, state: .running), lease: lease))
            }
            #expect(try await store.read { try $0.dueOperations(filter, now: .at(1), limit: 9) }.isEmpty)
            try await store.write { store in
                try store.update(OperationRecord(.sample("o2", "w2", .claim, state: .failed, finishedAt: .at(2))))
            }
            #expect(try await store.read { try $0.handovers() }.map(\.operation.id.rawValue) == ["o1"])
            let due = try await store.read { try $0.dueOperations(filter, now: .at(3), limit: 9) }
            #expect(due.map(\.operation.id.rawValue) == ["o3"], "the delete follows the end of the handover")
        },
        Case("A handover that waits for the create of its workspace does not keep it from starting") { fixture in
            let store = try await fixture.open()
            try await store.write { store in
                try store.insert([.sample("w1", .go, .claimed, readyAt: nil)])
                try store.insert([.sample("a1", "w1", .claim), .sample("w1", "w1", .create)])
            }
            let filter = DueFilter(provisioner: "local", workspace: WorkspaceID("w1"))
            let due = try await store.read { try $0.dueOperations(filter, now: .at(1), limit: 9) }
            #expect(due.map(\.operation.id.rawValue) == ["w1"])
        },
        Case("The state of a handover and the parameters of a claim are kept with the workspace") { fixture in
            let store = try await fixture.open()
            try await store.write { store in
                try store.insert([.sample("w1", .go, .claimed)])
                var workspace = try store.workspace("w1")
                guard workspace?.handover == HandoverState.none else { return }
                workspace?.handover = .pending
                if let workspace { _ = try store.update(workspace, from: [.claimed]) }
                try store.save(claimParameters: ["branch": .string("fix")], of: WorkspaceID("w1"))
            }
            #expect(try await store.read { try $0.workspace("w1")?.handover } == .pending)
            let stored = try await store.read { try $0.claimParameters(of: WorkspaceID("w1")) }
            #expect(stored == ["branch": .string("fix")])
            #expect(try await store.read { try $0.claimParameters(of: WorkspaceID("w2")) }.isEmpty)
        },
        Case("The failed handovers of a preset are kept until they are set to nil") { fixture in
            let store = try await fixture.open()
            let failures = HandoverFailures(preset: .go, count: 2, failedAt: .at(5), message: "no\nlog")
            try await store.write { try $0.setHandoverFailures(failures, of: .go) }
            #expect(try await store.read { try $0.handoverFailures(of: .go) } == failures)
            #expect(try await store.read { try $0.handoverFailures(source: nil) } == [failures])
            #expect(try await store.read { try $0.handoverFailures(source: "main") } == [failures])
            #expect(try await store.read { try $0.handoverFailures(source: "other") }.isEmpty)
            try await store.write { try $0.setHandoverFailures(nil, of: .go) }
            #expect(try await store.read { try $0.handoverFailures(source: nil) }.isEmpty)
        },
        Case("An event keeps the claimed workspace") { fixture in
            let store = try await fixture.open()
            let claimed = ClaimedWorkspace(id: "w1", owner: "ada", endpoint: "ssh://h", claim: "c1")
            let event = Event(
                at: .at(1), reason: .claimed, object: "workspace", name: "go-w1", message: "claimed by ada",
                owner: "ada", claimed: claimed)
            try await store.write { try $0.append([event]) }
            #expect(try await store.read { try $0.events(EventFilter()) } == [event])
            #expect(try await store.read { try $0.events(after: 0, limit: 9) }.map(\.event) == [event])
        },
    ]
}
