internal import PrewarmEngine
internal import Synchronization

/// A budget of memory for the request bodies that are being read at the same time.
///
/// The whole length of a body is reserved before its first byte is read. One half of the budget is for authenticated
/// callers. The other half is for webhooks, and each address may reserve at most a quarter (8 MiB).
final class BodyBudget: Sendable {
    enum Sender: Sendable {
        /// A caller who is authenticated.
        case known
        /// The sender of a webhook, whose signature is not verified yet. `group` is the key by which its rate is limited.
        case unverified(group: String)
    }

    /// Each half of the budget, in bytes: 32 MiB.
    static let half = 32 * 1024 * 1024

    fileprivate struct State {
        var known = 0
        var unverified = 0
        var byGroup: [String: Int] = [:]
    }

    private let half: Int
    private let state = Mutex(State())

    init(half: Int = BodyBudget.half) {
        self.half = half
    }

    /// Runs the closure while bytes are reserved for it.
    ///
    /// - Throws: ``Problem`` with the status 503 if the budget is used up, and the error of the closure.
    func holding<Result>(
        _ bytes: Int, for sender: Sender, _ body: () async throws -> Result
    ) async throws -> Result {
        guard state.withLock({ $0.take(bytes, for: sender, half: half) }) else {
            throw Problem(
                "TooManyBodies", status: 503, "cannot read the request body: too many bodies are being read",
                hint: "repeat the request after a few seconds")
        }
        defer { state.withLock { $0.give(back: bytes, of: sender) } }
        return try await body()
    }

    /// The number of bytes that are reserved now.
    var held: Int { state.withLock { $0.known + $0.unverified } }
}

extension BodyBudget.State {
    /// Reserves bytes for a sender. Returns false if its share is used up.
    fileprivate mutating func take(_ bytes: Int, for sender: BodyBudget.Sender, half: Int) -> Bool {
        switch sender {
        case .known:
            guard known + bytes <= half else { return false }
            known += bytes
        case .unverified(let group):
            let its = byGroup[group] ?? 0
            guard unverified + bytes <= half, its + bytes <= half / 4 else { return false }
            unverified += bytes
            byGroup[group] = its + bytes
        }
        return true
    }

    fileprivate mutating func give(back bytes: Int, of sender: BodyBudget.Sender) {
        switch sender {
        case .known: known -= bytes
        case .unverified(let group):
            unverified -= bytes
            let its = (byGroup[group] ?? 0) - bytes
            byGroup[group] = its > 0 ? its : nil
        }
    }
}
