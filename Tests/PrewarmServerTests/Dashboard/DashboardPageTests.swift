import PrewarmAPI
import PrewarmCore
import PrewarmDashboard
import PrewarmEngine
import Testing

@Suite("Pages of the dashboard")
struct DashboardPageTests {
    private static let hostile = "\"'><x-hostile onload=alert(1)>&</pre></td></script>\u{202e}`${{7*7}}`\u{1b}[31m"
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let times = Moments(now: now)

    private static func viewer(_ role: Role) -> Viewer {
        Viewer(
            name: hostile, role: role, operatesAll: true, formSecret: hostile, notice: Notice(hostile, hint: hostile))
    }

    /// Returns a document with these members and samples of the other members that it must have.
    private static func tree<Sample: Document>(
        _ type: Sample.Type, _ members: KeyValuePairs<String, Value>
    ) -> Value {
        let sample = try? DocumentSchema.sample(type, isWhole: false)
        let given = Set(members.map(\.key))
        let others = sample?.tree.pairs.filter { !given.contains($0.key) } ?? []
        return .object(others + members.map { ($0.key, $0.value) })
    }

    /// Returns the document of a tree.
    private static func document<Sample: Document>(_ tree: Value) throws -> Sample {
        try ValueDecoder.decode(Sample.self, from: tree)
    }

    private static func document<Sample: Document>(_ members: KeyValuePairs<String, Value>) throws -> Sample {
        try document(tree(Sample.self, members))
    }

    /// Returns a document whose texts, also the keys of its free objects, are hostile. Numbers and times stay.
    private static func poisoned(_ value: Value, isFree: Bool = false) -> Value {
        switch value {
        case .string(let text) where Timestamp(text) == nil: .string(hostile)
        case .array(let elements): .array(elements.map { poisoned($0) })
        case .object(let pairs):
            .object(
                pairs.map { pair in
                    let isOpen = ["parameters", "labels"].contains(pair.key)
                    return (isFree ? hostile : pair.key, poisoned(pair.value, isFree: isOpen))
                })
        default: value
        }
    }

    private static let condition = tree(
        ConditionDocument.self,
        [
            "type": "Stalled", "status": "True", "reason": "r", "message": "m", "since": .string("\(now)"),
        ])
    private static let workspace = tree(
        WorkspaceDocument.self,
        [
            "id": "i", "name": "n", "preset": "p", "source": "s", "template": "t", "version": "v", "state": "claimed",
            "owner": "o", "endpoint": "e", "createdAt": .string("\(now)"), "handover": "h",
            "lease": .object(known: ["state": "active", "expiresAt": .string("\(now)"), "ttl": "8h"]),
        ])
    private static let event = tree(
        EventDocument.self,
        [
            "at": .string("\(now)"), "type": "Warning", "reason": "r", "object": "o", "message": "m",
        ])
    private static let preset = tree(
        PresetDescription.self,
        [
            "name": "n", "source": "s", "file": "f", "line": 3, "template": "t", "version": "v", "provisioner": "p",
            "parameters": .object(known: ["k": "v"]), "labels": .object(known: ["k": "v"]), "desired": 3,
            "claimable": 1,
            "starting": 1, "claimed": 1, "waiting": 1, "failed": 1, "ttl": "t", "strategy": "s",
            "story": .array(["one", "two"]), "conditions": .array([condition]), "workspaces": .array([workspace]),
            "events": .array([event]), "failure": tree(PresetFailureDocument.self, ["cause": "c"]),
            "recentClaims": .object(known: ["claims": 3, "hitRate": .double(0.667)]),
        ])
    private static let operation = tree(
        OperationDescription.self,
        [
            "id": "i", "type": "create", "workspace": "w", "workspaceName": "w", "error": "e", "logEnd": "l",
            "attempt": 1,
            "finishedAt": .string("\(now)"),
        ])
    private static let revision = tree(
        RevisionDocument.self,
        [
            "revision": "main@sha1:5394cb7f", "subject": "s", "author": "a", "appliedAt": .string("\(now)"),
            "created": 1,
            "changes": .array([
                tree(
                    DefinitionChangeDocument.self,
                    [
                        "object": "preset", "name": "n", "source": "s", "change": "changed", "held": .bool(true),
                        "fields": .array([.object(known: ["field": "version", "old": "1.2", "new": "1.3"])]),
                        "moreFields": 2,
                    ]),
                tree(
                    DefinitionChangeDocument.self,
                    [
                        "object": "template", "name": "t", "source": "s", "change": "removed", "fields": .array([]),
                    ]),
            ]), "moreChanges": 7,
        ])

    /// Returns all pages with documents that `change` has changed.
    private static func pages(for viewer: Viewer, _ change: (Value) -> Value) throws -> [(name: String, html: String)] {
        let history = PoolHistory(
            [.init(readyAt: now - .seconds(60), claimedAt: nil, endedAt: nil)], begin: now - PoolHistory.span,
            desired: [.init(at: now - PoolHistory.span, count: 2)])
        let diagnostic = tree(
            DiagnosticDocument.self,
            [
                "severity": "error", "file": "f", "line": 1, "message": "m", "hint": "h", "excerpt": "e",
            ])
        let source = tree(
            SourceDocument.self,
            [
                "name": "n", "url": "u", "revision": "r", "files": 1, "conditions": .array([condition]), "hint": "h",
                "diagnostics": .array([diagnostic]),
            ])
        let held = tree(ActionDocument.self, ["action": "delete", "preset": "p", "message": "m", "heldBy": "h"])
        let found: [(String, Page)] = [
            (
                "pools",
                PoolsPage(
                    pools: [try document(change(preset))], found: 200, totals: .init(),
                    search: .init(text: hostile, needsAttention: false, page: 2)
                ).page
            ),
            (
                "pool",
                PoolPage(
                    preset: try document(change(preset)), failures: [try document(change(operation))],
                    revision: try document(change(revision)), history: history, claimKey: hostile, times: times
                ).page(for: viewer)
            ),
            (
                "sources",
                SourcesPage(
                    [
                        .init(
                            document: try document(change(source)), revisions: [try document(change(revision))],
                            held: [try document(change(held))])
                    ], times: times
                ).page(for: viewer)
            ),
            ("events", .events([try document(change(event))], times: times, for: viewer)),
            ("claims", .claims([try document(change(workspace))], hasMore: true, times: times, for: viewer)),
            ("sign-in", .signIn(error: Notice(isError: true, hostile, hint: hostile), next: hostile)),
            ("code", .confirmSignIn(code: hostile)),
            ("problem", .problem(status: 404, hostile, hint: hostile)),
        ]
        return found.map { ($0.0, $0.1.html(for: viewer)) }
    }

    @Test("Hostile text in every field of every document stays text", arguments: Role.allCases)
    func hostileText(role: Role) throws {
        for (name, html) in try Self.pages(for: Self.viewer(role), { Self.poisoned($0) }) {
            #expect(!html.contains("<x-hostile"), "\(name)")
            #expect(html.contains("&lt;x-hostile"), "\(name) shows no hostile text, so it tests nothing")
            #expect(!html.contains("\u{202e}") && !html.contains("\u{1b}"), "\(name)")
            #expect(html.components(separated: "</script>") <= 2, "\(name)")
            #expect(!html.contains("href=\"javascript:"), "\(name)")
        }
    }

    @Test("No page has an inline script, an inline style or a foreign address", arguments: Role.allCases)
    func pagesFitThePolicy(role: Role) throws {
        for (name, html) in try Self.pages(for: Self.viewer(role), { $0 }) {
            #expect(!html.contains(" style=") && !html.contains("<style"), "\(name)")
            #expect(!html.contains(" onclick=") && !html.contains("<script>"), "\(name)")
            #expect(!html.contains("src=\"http") && !html.contains("href=\"http"), "\(name)")
        }
    }

    @Test(
        "The endpoint of a workspace is a link only if it is an address of the web",
        arguments: [
            ("https://a.example/x?y=1", true), ("http://10.0.0.1:8080", true), ("javascript:alert(1)", false),
            ("ssh://a.example", false), ("data:text/html,x", false), ("https://a b", false), (" https://a", false),
        ])
    func endpoints(text: String, isLink: Bool) throws {
        let workspace: WorkspaceDocument = try Self.document([
            "id": "i", "name": "n", "state": "claimed", "endpoint": .string(text),
        ])
        let html = Page.claims([workspace], hasMore: false, times: Self.times, for: Self.viewer(.claimer)).html(
            for: nil)
        #expect(html.contains("rel=\"noopener noreferrer\"") == isLink)
    }

    @Test("The page of sources shows the fields that each revision changed")
    func changes() throws {
        let html = try Self.pages(for: Self.viewer(.viewer)) { $0 }.first { $0.name == "sources" }?.html ?? ""
        for text in [
            "Changes of the applied revision <code>main@5394cb7f</code>",
            "version: <code>1.2</code> → <code>1.3</code>",
            "held", "2 more fields", "removed", "and 7 more definitions",
        ] {
            #expect(html.contains(text), "\(text)")
        }
    }

    @Test("A claim with a lease has a form that renews it, for those who may claim", arguments: Role.allCases)
    func renewal(role: Role) throws {
        let html = try Self.pages(for: Self.viewer(role)) { $0 }.first { $0.name == "claims" }?.html ?? ""
        #expect(html.contains("action=\"/workspaces/i/renew\"") == (role != .viewer))
        let without: WorkspaceDocument = try Self.document(["id": "i", "name": "n", "state": "claimed"])
        let page = Page.claims([without], hasMore: false, times: Self.times, for: Self.viewer(role)).html(for: nil)
        #expect(!page.contains("/renew") && page.contains("/release") == (role != .viewer))
    }

    @Test("The list of pools shows why builds fail")
    func causes() throws {
        let failing: PresetDocument = try Self.document([
            "name": "n", "source": "s", "failure": Self.tree(PresetFailureDocument.self, ["cause": "no image"]),
        ])
        let page = PoolsPage(
            pools: [failing], found: 1, totals: .init(), search: .init(text: "", needsAttention: false, page: 1)
        ).page
        #expect(page.html(for: nil).contains("<span class=\"under cause\">no image</span>"))
    }

    @Test("Waiting claims have a column and a tile, if there are any")
    func waiting() throws {
        let busy: PresetDocument = try Self.document(["name": "n", "source": "s", "waiting": 3])
        let quiet: PresetDocument = try Self.document(["name": "m"])
        for (pools, isShown) in [([busy, quiet], true), ([quiet], false)] {
            let page = PoolsPage(
                pools: pools, found: pools.count, totals: .init(),
                search: .init(text: "", needsAttention: false, page: 1))
            #expect(page.page.html(for: nil).contains("Waiting") == isShown)
        }
    }

    @Test("An event names a revision in the short form")
    func revisionsOfEvents() throws {
        let commit = String(repeating: "5", count: 40)
        let event: EventDocument = try Self.document([
            "reason": "Applied", "object": .string("revision/main@sha1:\(commit)"),
        ])
        let html = Page.events([event], times: Self.times, for: Self.viewer(.viewer)).html(for: nil)
        #expect(html.contains("revision/main@55555555<") && !html.contains(commit))
    }

    @Test("The hit rate is rounded down, and a pool without claims has none")
    func hitRate() throws {
        let html = try Self.pages(for: Self.viewer(.viewer)) { $0 }.first { $0.name == "pool" }?.html ?? ""
        #expect(html.contains("66 %") && html.contains("of 3 claims in 7 days"))
        let pool: PresetDocument = try Self.document(["name": "n", "source": "s"])
        let page = PoolsPage(
            pools: [pool], found: 1, totals: .init(), search: .init(text: "", needsAttention: false, page: 1)
        ).page
        #expect(page.html(for: nil).contains("Hit rate") && !page.html(for: nil).contains(" %"))
    }

    @Test("A viewer sees no owner, no endpoint and no form")
    func viewers() throws {
        let pool = try Self.pages(for: Self.viewer(.viewer)) { $0 }.first { $0.name == "pool" }?.html ?? ""
        #expect(!pool.contains("Owner") && !pool.contains("Endpoint") && !pool.contains("/claim\""))
        let operators = try Self.pages(for: Self.viewer(.operator)) { $0 }.first { $0.name == "pool" }?.html ?? ""
        #expect(operators.contains("Owner") && operators.contains("/claim\""))
    }

    @Test("The events of a viewer name no owner", arguments: ["Claimed", "ClaimedCold", "Released", "FromTheFuture"])
    func ownersInEvents(reason: String) throws {
        let event: EventDocument = try Self.document([
            "at": .string("\(Self.now)"), "type": "Normal", "reason": .string(reason), "object": "workspace/a-1",
            "message": "claimed by the-owner",
        ])
        for role in Role.allCases {
            let html = Page.events([event], times: Self.times, for: Self.viewer(role)).html(for: nil)
            #expect(html.contains("the-owner") == (role != .viewer), "\(role)")
        }
    }

    @Test("A condition of a later version is shown with its type")
    func unknownCondition() throws {
        let later = Self.tree(ConditionDocument.self, ["type": "FromTheFuture", "status": "True"])
        let preset: PresetDocument = try Self.document([
            "name": "n", "source": "s", "conditions": .array([later]),
        ])
        let page = PoolsPage(
            pools: [preset], found: 1, totals: .init(), search: .init(text: "", needsAttention: false, page: 1)
        ).page
        #expect(page.html(for: nil).contains("FromTheFuture"))
    }
}

extension String {
    fileprivate func components(separated separator: String) -> Int { ranges(of: separator).count + 1 }
}
