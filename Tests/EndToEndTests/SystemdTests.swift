import Foundation
import Glibc
import Subprocess
import Testing

@Suite("systemd")
struct SystemdTests {
    @Test("The daemon notifies systemd when it is ready, reloads, makes progress and stops")
    func notifications() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let socket = try NotifySocket(path: sandbox.root.appending(path: "notify").path)
        try await sandbox.serve(
            environment: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "600000"]
        ) { daemon in
            try await daemon.eventually("it is ready") { socket.messages().contains { $0.hasPrefix("READY=1\n") } }
            try await daemon.eventually("it lives") { socket.messages().count { $0 == "WATCHDOG=1" } > 1 }
            let reloads = socket.messages().count
            try daemon.send(.terminalClosed)
            try await daemon.eventually("it has read its configuration") {
                let messages = socket.messages()[reloads...].filter { $0 != "WATCHDOG=1" }
                return messages.count == 2 && messages[0].hasPrefix("RELOADING=1\nMONOTONIC_USEC=")
                    && messages[1].hasPrefix("READY=1\n")
            }
        }
        #expect(socket.messages().contains("STOPPING=1"))
    }
}

/// The notification socket of systemd (https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html).
private final class NotifySocket: @unchecked Sendable {
    let path: String
    private let descriptor: Int32
    private var received: [String] = []
    private let lock = NSLock()

    init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        try #require(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    /// Returns all messages so far.
    func messages() -> [String] {
        lock.withLock {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return received }
                received.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
        }
    }
}
