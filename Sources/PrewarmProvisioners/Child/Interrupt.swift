import Glibc

/// A signal from one thread to another that waits in `poll`. Once given, it stays given.
final class Interrupt: Sendable {
    private let pipe: Pipe

    init() throws(SystemFailure) {
        pipe = try Pipe()
        pipe.reading.setNonBlocking()
        pipe.writing.setNonBlocking()
    }

    /// The descriptor that becomes readable when the interrupt is given. It is never read, so it stays readable.
    var descriptor: Int32 { pipe.reading.raw }

    /// Gives the interrupt. Further calls have no effect.
    func give() {
        var byte: UInt8 = 1
        _ = write(pipe.writing.raw, &byte, 1)
    }
}
