internal import Crypto
import PrewarmCore
import PrewarmDashboard
internal import Synchronization

/// The signed-in browsers. They are in memory, so a restart of the daemon signs everyone out.
///
/// A session holds the credential that signed in. It is checked again for each request, so a session ends with its token or
/// identity: when the token expires or is revoked, or when the identity expires. The cookie has 256 random bits, and only its digest is a key here.
final class DashboardSessions: Sendable {
    struct Session: Sendable {
        /// The proof of the caller, which is checked again for each request.
        let credential: SessionCredential
        /// The secret that each form sends back (see ``Viewer/formSecret``).
        let formSecret: String
        /// The caller by its name in the audit log, for the limit on sessions.
        let caller: String
        fileprivate let startedAt: ContinuousClock.Instant
        fileprivate var usedAt: ContinuousClock.Instant
        fileprivate var notice: Notice?
    }

    /// The longest time of a session.
    static let longest = Duration.seconds(12 * 3600)
    /// The time after the last request at which a session ends. An open page makes a request at least each minute.
    static let idle = Duration.seconds(2 * 3600)
    /// The most sessions, and the most sessions of one caller. Beyond a limit, the one that was not used longest ends.
    static let most = 1000
    static let mostOfCaller = 20

    private let sessions = Mutex<[String: Session]>([:])

    /// Starts a session.
    /// - Returns: The value of its cookie, which cannot be read again.
    func start(_ credential: SessionCredential, caller: String, now: ContinuousClock.Instant = .now) -> String {
        let cookie = Self.random()
        let session = Session(
            credential: credential, formSecret: Self.random(), caller: caller, startedAt: now, usedAt: now)
        sessions.withLock { sessions in
            sessions = sessions.filter { $0.value.isAlive(at: now) }
            Self.makeRoom(&sessions, below: Self.mostOfCaller) { $0.caller == caller }
            Self.makeRoom(&sessions, below: Self.most) { _ in true }
            sessions[Self.key(cookie)] = session
        }
        return cookie
    }

    /// Returns the session of a cookie, and counts it as used; nil if no session has it, or the session has ended.
    func session(of cookie: String, now: ContinuousClock.Instant = .now) -> Session? {
        let key = Self.key(cookie)
        return sessions.withLock { sessions in
            guard var session = sessions[key] else { return nil }
            guard session.isAlive(at: now) else {
                sessions[key] = nil
                return nil
            }
            session.usedAt = now
            sessions[key] = session
            return session
        }
    }

    func end(_ cookie: String) { end(key: Self.key(cookie)) }

    /// Ends the session whose cookie has this digest.
    func end(key: String) {
        sessions.withLock { _ = $0.removeValue(forKey: key) }
    }

    /// Keeps a notice for the next page of a session.
    func leave(_ notice: Notice, for cookie: String) {
        sessions.withLock { $0[Self.key(cookie)]?.notice = notice }
    }

    /// Returns the notice of a session and removes it.
    func takeNotice(of cookie: String) -> Notice? {
        let key = Self.key(cookie)
        return sessions.withLock { sessions in
            defer { sessions[key]?.notice = nil }
            return sessions[key]?.notice
        }
    }

    private static func makeRoom(
        _ sessions: inout [String: Session], below limit: Int, _ belongs: (Session) -> Bool
    ) {
        let those = sessions.filter { belongs($0.value) }.sorted { $0.value.usedAt < $1.value.usedAt }
        for (key, _) in those.prefix(max(0, those.count - limit + 1)) { sessions[key] = nil }
    }

    /// Returns the digest of a cookie.
    static func key(_ cookie: String) -> String { SHA256.hash(data: Array(cookie.utf8)).hexadecimal }

    /// Returns 256 random bits as 64 hexadecimal digits.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

extension DashboardSessions.Session {
    fileprivate func isAlive(at now: ContinuousClock.Instant) -> Bool {
        now - startedAt < DashboardSessions.longest && now - usedAt < DashboardSessions.idle
    }

    /// Says whether a form sent the secret of the session, in the same time for a right secret and a wrong one.
    func accepts(formSecret given: String) -> Bool {
        SHA256.hash(data: Array(given.utf8)) == SHA256.hash(data: Array(formSecret.utf8))
    }
}
