import Testing

/// A trait of a suite whose tests start programs: a few of them run at a time.
///
/// Hundreds of daemons at once leave none of them the time that its clients wait for, and use up the memory.
struct InTurn: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    @concurrent
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        await Turnstile.shared.enter()
        do {
            try await function()
        } catch {
            await Turnstile.shared.leave()
            throw error
        }
        await Turnstile.shared.leave()
    }
}

extension Trait where Self == InTurn {
    /// The tests of the suite take turns with those of other suites.
    static var inTurn: InTurn { InTurn() }
}

/// Lets a number of tests through at a time, in the order in which they came.
private actor Turnstile {
    static let shared = Turnstile(places: 10)

    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) {
        self.places = places
    }

    func enter() async {
        if places > 0 {
            places -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        // The place goes to the first one that waits.
        if waiting.isEmpty {
            places += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
