#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Standard error as an output for whole lines.
package enum StandardError {
    /// Writes a line. If the reader is slow, this waits at most a second and then drops the rest of the line, so that logging
    /// never stops the daemon.
    package static func write(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { file in
                #if canImport(Glibc)
                    Glibc.write(STDERR_FILENO, file.baseAddress, file.count)
                #else
                    Musl.write(STDERR_FILENO, file.baseAddress, file.count)
                #endif
            }
            if count > 0 {
                start += count
            } else if errno == EAGAIN {
                var wait = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                guard poll(&wait, 1, 1000) > 0 else { return }
            } else if errno != EINTR {
                return
            }
        }
    }
}
