import PrewarmCore
import PrewarmEngine

/// A call of one or a few methods of a store, with its values.
struct PortCall: Sendable, CustomStringConvertible {
    let description: String
    /// Returns the answer as text.
    let run: @Sendable (any StoreWriter) throws -> String

    init(_ description: String, answering run: @escaping @Sendable (any StoreWriter) throws -> String) {
        self.description = description
        self.run = run
    }

    init(_ description: String, _ run: @escaping @Sendable (any StoreWriter) throws -> Void) {
        self.description = description
        self.run = { store in
            try run(store)
            return ""
        }
    }
}

/// A seeded random sequence of calls. Their values come from few keys, so that calls meet the values of earlier ones.
struct PortCalls {
    static let sources = ["main", "b"]
    static let presets = sources.flatMap { source in ["go", "rust"].map { PresetKey(source: source, name: $0) } }
    static let versions = ["0", "1"]
    static let provisioners = ["local", "cloud"]
    static let owners: [Owner] = [
        "ada", Owner(.token, "ada"), Owner(.unrecorded, "ada"), Owner(.oidc(issuer: "i"), "bob"),
    ]
    static let holders = ["h1", "h2"]
    static let keys = [ClaimKey.local("k1"), ClaimKey("k1", of: "token ci"), .local("k2")]
    static let blobs = ["b1", "b2", "b3"]

    var random: SplitMix64
    /// The time of the next call in seconds. It seldom goes back.
    private var seconds: Int64 = 0
    private var count = 0

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    var now: Timestamp { .at(seconds) }

    mutating func next() -> PortCall {
        count += 1
        seconds += chance(5) ? -number(0...30) : number(0...3)
        let topics: [(inout PortCalls) -> PortCall] = [
            { $0.ofSources() }, { $0.ofPresets() }, { $0.ofPresets() }, { $0.ofWorkspaces() }, { $0.ofWorkspaces() },
            { $0.ofWorkspaces() }, { $0.ofOperations() }, { $0.ofOperations() }, { $0.ofClaims() }, { $0.ofTickets() },
            { $0.ofProvisioners() }, { $0.ofHistory() },
        ]
        let topic = one(topics)
        return topic(&self)
    }

    // MARK: Values

    mutating func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }
    mutating func chance(_ percent: Int64) -> Bool { number(1...100) <= percent }

    mutating func one<Element>(_ elements: [Element]) -> Element {
        elements[Int(number(0...Int64(elements.count - 1)))]
    }

    mutating func maybe<Value>(_ value: Value) -> Value? { chance(50) ? value : nil }
    mutating func time() -> Timestamp { .at(seconds + number(-20...20)) }
    mutating func preset() -> PresetKey { one(Self.presets) }
    mutating func source() -> String { one(Self.sources) }
    mutating func provisioner() -> String { one(Self.provisioners) }
    mutating func owner() -> Owner { one(Self.owners) }
    mutating func version() -> String { one(Self.versions) }

    /// An id in the form of ids that prewarm makes, or one of an adopted workspace.
    mutating func workspace() -> WorkspaceID {
        let number = number(0...9)
        return WorkspaceID(number < 8 ? "01jh" + String(repeating: "0", count: 21) + "\(number)" : "w\(number)")
    }

    mutating func workspaces() -> [WorkspaceID] { Set((0..<3).map { _ in workspace() }).sorted() }
    mutating func states() -> [WorkspaceState] { (0..<4).map { _ in one(WorkspaceState.allCases) } }

    /// An id that no earlier call used.
    mutating func fresh(_ prefix: String) -> String { "\(prefix)\(10_000 + count)-\(number(0...99))" }
}
