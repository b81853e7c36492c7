internal import CLibGit2
import PrewarmEngine

/// A way to the server of a repository, for one pass. libgit2 speaks the git protocol over its streams. Only the thread of
/// the pass uses it.
protocol RemoteTransport: AnyObject {
    /// True if each request has a stream of its own, as over http. Otherwise one stream serves the whole pass.
    var isStateless: Bool { get }

    /// Opens a stream.
    /// - Parameter isListing: true if the stream lists the references, false if it fetches objects.
    func open(isListing: Bool) throws(TransportEnd) -> any RemoteStream

    /// Returns the failure that explains why a call failed, or nil if the transport knows no reason.
    /// - Parameter operation: the verb phrase before the URL in messages: `fetch from`.
    func failure(of operation: String) -> GitFailure?

    /// Ends the pass. It does not wait.
    func close()
}

/// A stream of bytes to and from a server. Its calls block.
protocol RemoteStream: AnyObject {
    /// Reads at least one byte, or 0 bytes at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportEnd) -> Int
    func write(_ bytes: UnsafeRawBufferPointer) throws(TransportEnd)
    /// Ends the stream, and waits for nothing that may take long.
    func finish()
}

/// The end of a stream before its time. The watch has noted the reason.
struct TransportEnd: Error {}

/// Creates the transport of a remote: a callback of libgit2 with the context of the pass.
func makeTransport(
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_transport>?>?, _ owner: OpaquePointer?,
    _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context = PassContext.from(payload), let transport = context.transport else { return -1 }
    return prewarm_git_transport_new(out, owner, transport.isStateless ? 1 : 0, calls.pointer, payload)
}

/// The functions that libgit2 calls, for the life of the process.
private let calls = CallTable()

/// `@unchecked Sendable`: the table is never changed.
private final class CallTable: @unchecked Sendable {
    let pointer: UnsafePointer<prewarm_git_calls>

    init() {
        let table = UnsafeMutablePointer<prewarm_git_calls>.allocate(capacity: 1)
        table.initialize(
            to: prewarm_git_calls(open: openStream, read: readStream, write: writeStream, finish: finishStream))
        pointer = UnsafePointer(table)
    }
}

/// A stream as an object that libgit2 holds.
private final class HeldStream {
    let stream: any RemoteStream

    init(_ stream: any RemoteStream) {
        self.stream = stream
    }

    static func from(_ pointer: UnsafeMutableRawPointer?) -> (any RemoteStream)? {
        pointer.map { Unmanaged<HeldStream>.fromOpaque($0).takeUnretainedValue().stream }
    }
}

private func openStream(_ pass: UnsafeMutableRawPointer?, _ isListing: Int32) -> UnsafeMutableRawPointer? {
    guard let transport = PassContext.from(pass)?.transport else { return nil }
    do throws(TransportEnd) {
        return Unmanaged.passRetained(HeldStream(try transport.open(isListing: isListing != 0))).toOpaque()
    } catch {
        setTransportError()
        return nil
    }
}

private func readStream(
    _ stream: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    guard let stream = HeldStream.from(stream) else { return -1 }
    do throws(TransportEnd) {
        return try stream.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
    } catch {
        setTransportError()
        return -1
    }
}

private func writeStream(_ stream: UnsafeMutableRawPointer?, _ buffer: UnsafePointer<CChar>?, _ size: Int) -> Int32 {
    guard let stream = HeldStream.from(stream) else { return -1 }
    do throws(TransportEnd) {
        try stream.write(UnsafeRawBufferPointer(start: buffer, count: size))
        return 0
    } catch {
        setTransportError()
        return -1
    }
}

private func finishStream(_ stream: UnsafeMutableRawPointer?) {
    guard let stream else { return }
    Unmanaged<HeldStream>.fromOpaque(stream).takeRetainedValue().stream.finish()
}

/// Sets a message of libgit2. FailureTranslation shows the reason that the watch noted.
private func setTransportError() {
    _ = git_error_set_str(Int32(bitPattern: GIT_ERROR_NET.rawValue), "the connection ended early")
}
