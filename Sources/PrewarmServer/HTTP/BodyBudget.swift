internal import PrewarmEngine
internal import Synchronization

/// The memory for bodies of requests that are being read, so that many at once cannot take more than a fixed amount.
///
/// A body takes its whole length before the first byte is read. Callers who proved who they are have a half of their
/// own; of the other half no address takes more than a quarter.
final class BodyBudget: Sendable {
    enum Sender: Sendable {
        /// The caller was let in.
        case known
        /// A webhook's sender, by what rates are limited by.
        case unverified(group: String)
    }

    /// 32 MiB each, in bytes.
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

    /// Runs the body while so many bytes are set aside for it.
    ///
    /// - Throws: ``Problem`` with the status 503 where there is no room, and what the body throws.
    func holding<Result>(
        _ bytes: Int, for sender: Sender, _ body: () async throws -> Result
    ) async throws -> Result {
        guard state.withLock({ $0.take(bytes, for: sender, half: half) }) else {
            throw Problem(
                "TooManyBodies", status: 503, "too many request bodies are being read", hint: "send it again later")
        }
        defer { state.withLock { $0.give(back: bytes, of: sender) } }
        return try await body()
    }

    /// The bytes that are set aside now.
    var held: Int { state.withLock { $0.known + $0.unverified } }
}

extension BodyBudget.State {
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
