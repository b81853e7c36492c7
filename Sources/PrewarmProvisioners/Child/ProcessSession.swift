import Glibc
import PrewarmEngine

/// The session in which a command runs. Its number is the number of the first process of the command, and of its group.
///
/// prewarm ends the whole session instead of the group, because `timeout 60 terraform …` and shells with job control put
/// their children into groups of their own. A daemon that called `setsid` has left the session and is not ended.
struct ProcessSession: Sendable {
    let leader: Int32

    /// Returns the running processes of the session with their groups.
    func members() -> [(process: Int32, group: Int32)] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [(process: Int32, group: Int32)] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let process = Int32(name), let status = ProcessStatus(of: process) else { continue }
            if status.session == leader, !status.isGone { found.append((process, status.group)) }
        }
        return found
    }

    /// Sends the signal to every group in the session.
    ///
    /// The kernel does not reuse the number of a group or session while it has members. A leader that was not reaped is a
    /// member. So the signal reaches no other process.
    func send(_ signal: Int32, to members: [(process: Int32, group: Int32)]) {
        for group in Set(members.map(\.group)) {
            _ = kill(-group, signal)
            // A stopped process handles SIGTERM only after SIGCONT.
            if signal == SIGTERM { _ = kill(-group, SIGCONT) }
        }
    }

    /// Sends SIGTERM, and SIGKILL after `grace`. It blocks until the session has no members, at most until 10 seconds after
    /// SIGKILL.
    func end(grace: Duration) {
        let start = ContinuousClock.now
        var pause: useconds_t = 2_000
        send(SIGTERM, to: members())
        while true {
            let waited = ContinuousClock.now - start
            // Reading all of /proc is slow if many sessions end at once. So this first waits for the leader alone.
            if waited >= grace || !hasLeader {
                let members = members()
                guard !members.isEmpty else { return }
                if waited >= grace { send(SIGKILL, to: members) }
            }
            if waited >= grace + Self.patience { return }
            usleep(pause)
            pause = min(pause * 2, 100_000)
        }
    }

    private var hasLeader: Bool {
        ProcessStatus(of: leader).map { $0.session == leader && !$0.isGone } ?? false
    }

    /// The time after SIGKILL after which a process that the kernel cannot end is ignored.
    static let patience: Duration = .seconds(10)
}

extension ProcessSession {
    /// Returns the session of `mark` if it still has members; nil otherwise.
    ///
    /// The start time identifies the leader. If the leader has exited, the session still has its number while it has
    /// members. Then `PREWARM_OPERATION_ID` in the environment of a member shows that prewarm started it.
    init?(stillRunning mark: ProcessMark) {
        guard mark.group > 1, mark.bootID == Self.bootID() else { return nil }
        let session = ProcessSession(leader: mark.group)
        if let status = ProcessStatus(of: mark.group) {
            guard status.startTime == mark.startTime, status.session == mark.group else { return nil }
            self = session
            return
        }
        let isOurs = session.members().contains { process, _ in
            readKernelFile("/proc/\(process)/environ").map(Self.namesOperation) ?? false
        }
        guard isOurs else { return nil }
        self = session
    }

    private static func namesOperation(_ environment: [UInt8]) -> Bool {
        environment.split(separator: 0).contains { $0.starts(with: "PREWARM_OPERATION_ID=".utf8) }
    }

    /// The mark of a child that was not reaped; nil if `/proc` cannot be read.
    var mark: ProcessMark? {
        guard let status = ProcessStatus(of: leader), let bootID = Self.bootID() else { return nil }
        return ProcessMark(group: leader, startTime: status.startTime, bootID: bootID)
    }

    /// Returns the id of the current boot; nil if it cannot be read.
    static func bootID() -> String? {
        guard let line = readKernelFile("/proc/sys/kernel/random/boot_id") else { return nil }
        let text = String(decoding: line.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return text.isEmpty ? nil : text
    }
}
