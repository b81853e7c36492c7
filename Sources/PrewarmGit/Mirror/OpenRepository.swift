internal import CLibGit2
internal import Glibc

/// A repository that stays open for a moment. Not for longer: packs are mapped into memory, and a file that somebody
/// cuts off meanwhile would end the process at the next look.
final class OpenRepository {
    /// As long as the questions of a turn take.
    static let time = Duration.milliseconds(200)

    let repository: Repository
    private let file: FileIdentity?
    private let end = ContinuousClock.now + OpenRepository.time

    init(at path: String) throws(LibGit2Error) {
        file = FileIdentity(path)
        repository = try Repository(bare: path)
    }

    /// Not where another mirror was put in its place.
    func isFresh(at path: String) -> Bool {
        ContinuousClock.now < end && file != nil && file == FileIdentity(path)
    }
}

private struct FileIdentity: Equatable {
    let device: dev_t
    let number: ino_t

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, number) = (status.st_dev, status.st_ino)
    }
}
