import Foundation
import Glibc
import PrewarmCore
import PrewarmEngine
import ServiceLifecycle

/// Notifies systemd of the daemon's state (https://www.freedesktop.org/software/systemd/man/sd_notify.html). Without
/// systemd it does nothing.
struct Systemd: Sendable {
    private let address: String?
    private let watchdog: Duration?

    init(_ environment: [String: String]) {
        address = environment["NOTIFY_SOCKET"]
        let isOurs = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
        watchdog = isOurs ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) } : nil
    }

    /// Reports that the daemon is ready, with a status that `systemctl status` shows.
    func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

    /// Reports that the daemon reads its configuration again.
    func reloading() {
        let uptime = ProcessInfo.processInfo.systemUptime
        send("RELOADING=1\nMONOTONIC_USEC=\(Int64(uptime * 1_000_000))")
    }

    /// Reports that the daemon stops.
    func stopping() { send("STOPPING=1") }

    /// Resets the watchdog while the daemon makes progress, until the daemon shuts down.
    func watch(_ daemon: Daemon) async {
        guard let watchdog else {
            try? await gracefulShutdown()
            return stopping()
        }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if daemon.progress.hangs.isEmpty { send("WATCHDOG=1") }
                try? await Task.sleep(for: watchdog / 3)
            }
        }
        stopping()
    }

    /// Sends a datagram to systemd's socket, which is a path or, if its name begins with `@`, an abstract socket.
    private func send(_ message: String) {
        guard let address, !address.isEmpty else { return }
        let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var path = Array(address.utf8)
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        guard path.count < MemoryLayout.size(ofValue: target.sun_path) else { return }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bytes = Array(message.utf8)
        withUnsafePointer(to: target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
    }
}

/// The service that resets the watchdog of ``Systemd``.
struct SystemdService: Service {
    let systemd: Systemd
    let daemon: Daemon

    func run() async { await systemd.watch(daemon) }
}
