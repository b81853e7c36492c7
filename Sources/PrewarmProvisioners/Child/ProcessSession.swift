import Glibc
import PrewarmEngine

/// What a command runs in: a session of its own, whose number is that of the command's first process and of its group.
///
/// The session is ended rather than the group alone, because `timeout 60 terraform …` and shells with job control put
/// their children into groups of their own. A daemon that called `setsid` has left it and lives on.
struct ProcessSession: Sendable {
    let leader: Int32

    /// The processes in it that have not exited, with their groups.
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
    /// The number of a group or session is not given to a new process while it has members, the leader that was not
    /// waited for included, so this reaches nobody else.
    func send(_ signal: Int32, to members: [(process: Int32, group: Int32)]) {
        for group in Set(members.map(\.group)) {
            _ = kill(-group, signal)
            // One that is stopped would not notice.
            if signal == SIGTERM { _ = kill(-group, SIGCONT) }
        }
    }

    /// Sends SIGTERM, then after `grace` SIGKILL; blocks until nobody is left. Gives up on a process that the kernel does
    /// not end within 10 seconds after SIGKILL.
    func end(grace: Duration) {
        let start = ContinuousClock.now
        var pause: useconds_t = 2_000
        send(SIGTERM, to: members())
        while true {
            let waited = ContinuousClock.now - start
            // Where many sessions end at once, each would read all of /proc again and again for the others.
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

    static let patience: Duration = .seconds(10)
}

extension ProcessSession {
    /// The session that `mark` was taken of, if it is still there.
    ///
    /// The leader is known by its start time. Where it has exited, the session's number can't have been given away as
    /// long as somebody is in it, and that it is one of ours shows in the environment that its members inherited.
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

    /// The mark of a child that has not been waited for; nil where `/proc` is not there.
    var mark: ProcessMark? {
        guard let status = ProcessStatus(of: leader), let bootID = Self.bootID() else { return nil }
        return ProcessMark(group: leader, startTime: status.startTime, bootID: bootID)
    }

    static func bootID() -> String? {
        guard let line = readKernelFile("/proc/sys/kernel/random/boot_id") else { return nil }
        let text = String(decoding: line.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return text.isEmpty ? nil : text
    }
}
