import Glibc

/// Wakes a thread that waits in `poll`, from any other; once given it stays given.
final class Interrupt: Sendable {
    private let pipe: Pipe

    init() throws(SystemFailure) {
        pipe = try Pipe()
        pipe.reading.setNonBlocking()
        pipe.writing.setNonBlocking()
    }

    /// Readable once the interrupt was given. Nobody reads it, so it stays readable.
    var descriptor: Int32 { pipe.reading.raw }

    func give() {
        var byte: UInt8 = 1
        _ = write(pipe.writing.raw, &byte, 1)
    }
}
