#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Standard error as a place for whole lines.
package enum StandardError {
    /// Waits at most a second for a reader that is slow; then the rest of the line is dropped, for logs must not stop
    /// the loop.
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
