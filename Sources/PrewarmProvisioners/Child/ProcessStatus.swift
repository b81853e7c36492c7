import Glibc

/// The fields of `/proc/PID/stat` that prewarm uses (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
struct ProcessStatus: Hashable, Sendable {
    let state: UInt8
    let group: Int32
    let session: Int32
    /// The start time in clock ticks since boot.
    let startTime: UInt64

    /// True if the process has exited and only waits to be reaped.
    var isGone: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

    /// Parses the line; nil if it has too few fields. Field 2 is the name of the command in parentheses. The name may contain
    /// parentheses, so the last one ends the field.
    init?(stat line: [UInt8]) {
        guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first,
            let group = Int32(String(decoding: fields[2], as: UTF8.self)),
            let session = Int32(String(decoding: fields[3], as: UTF8.self)),
            let startTime = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        self.state = state
        self.group = group
        self.session = session
        self.startTime = startTime
    }

    /// Reads the status of a process; nil if it does not exist.
    init?(of process: Int32) {
        guard let line = readKernelFile("/proc/\(process)/stat") else { return nil }
        self.init(stat: line)
    }
}

/// Returns the contents of a file in `/proc`, at most about 1 MiB; nil if it cannot be read.
func readKernelFile(_ path: String) -> [UInt8]? {
    let file = Descriptor(open(path, O_RDONLY | O_CLOEXEC))
    guard file.raw >= 0 else { return nil }
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while contents.count < 1 << 20 {
        let count = read(file.raw, &chunk, chunk.count)
        guard count >= 0 else { return nil }
        guard count > 0 else { break }
        contents += chunk[..<count]
    }
    return contents
}
