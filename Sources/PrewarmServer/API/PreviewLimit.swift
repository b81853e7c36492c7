import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import ServiceLifecycle
import Synchronization

/// The limits on plans: how many are computed at the same time, and how many one caller may request. Each plan asks a
/// remote, and all plans of a source wait for the same remote.
final class PreviewLimit: Sendable {
    /// The most plans of one source at the same time.
    static let mostOfSource = 2
    /// The most plans of all sources at the same time.
    static let most = 8

    /// The most plans that one caller may request at once. CI requests one for each push to a pull request.
    static let burst = 60
    /// The number of plans that one caller may request each second after that.
    static let perSecond = 2.0

    private let running = Mutex<[String: Int]>([:])
    private let rates = Mutex(RateLimiter(burst: burst, perSecond: perSecond))

    /// Takes one of the plans that a caller may request. The user of the daemon has no limit.
    ///
    /// - Throws: ``Problem`` with the status 429 if the caller has to wait.
    func admit(_ principal: Principal, now: Timestamp) throws(Problem) {
        if case .local = principal.kind { return }
        let caller = "\(principal.kind) \(principal.name)"
        guard rates.withLock({ $0.take(caller, now: now) }) != nil else { return }
        throw Problem(
            "TooManyPlans", status: 429,
            "cannot compute the plan: the caller requested more than \(Self.burst) plans at once, and more than "
                + "\(Int(Self.perSecond)) a second after that",
            hint: "repeat the request after a second")
    }

    /// Runs the body, and cancels it when the daemon stops.
    ///
    /// - Throws: ``Problem`` with the status 429 if a limit is reached, and the error of the body.
    func run<Value: Sendable>(
        of source: String, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let problem: Problem? = running.withLock { running in
            let (ofSource, all) = (running[source] ?? 0, running.values.reduce(0, +))
            guard ofSource < Self.mostOfSource else {
                return .tooManyPreviews("\(ofSource) plans of the source \(source)")
            }
            guard all < Self.most else { return .tooManyPreviews("\(all) plans") }
            running[source] = ofSource + 1
            return nil
        }
        if let problem { throw problem }
        defer { running.withLock { $0[source] = $0[source].flatMap { $0 > 1 ? $0 - 1 : nil } } }
        return try await cancelWhenGracefulShutdown { try await body() }
    }
}

extension Problem {
    fileprivate static func tooManyPreviews(_ running: String) -> Problem {
        Problem(
            "TooManyPlans", status: 429,
            "cannot compute another plan: \(running) are being computed, which is the limit",
            hint: "repeat the request after a few seconds")
    }
}
