internal import CLibGit2
import PrewarmEngine

/// The input and the findings of the callbacks of one pass. libgit2 calls them on the thread of the pass.
final class PassContext {
    let watch: Watch
    /// The way to the server; nil for a repository on disk.
    let transport: (any RemoteTransport)?
    let largestPack: UInt64
    var isPackTooLarge = false

    init(watch: Watch, transport: (any RemoteTransport)?, largestPack: UInt64) {
        self.watch = watch
        self.transport = transport
        self.largestPack = largestPack
    }

    static func from(_ payload: UnsafeMutableRawPointer?) -> PassContext? {
        payload.map { Unmanaged<PassContext>.fromOpaque($0).takeUnretainedValue() }
    }
}

func reportTransfer(
    _ progress: UnsafePointer<git_indexer_progress>?, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context = PassContext.from(payload), !context.watch.isOver else { return GIT_EUSER.rawValue }
    guard let progress, UInt64(progress.pointee.received_bytes) > context.largestPack else { return 0 }
    context.isPackTooLarge = true
    return GIT_EUSER.rawValue
}

func reportSideband(
    _ text: UnsafePointer<CChar>?, _ length: Int32, _ payload: UnsafeMutableRawPointer?
) -> Int32 {
    PassContext.from(payload)?.watch.isOver == false ? 0 : GIT_EUSER.rawValue
}
