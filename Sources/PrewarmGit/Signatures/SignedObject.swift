internal import CLibGit2
import PrewarmCore
import PrewarmEngine

/// A commit or an annotated tag, with its signature and the bytes that were signed.
struct SignedObject: Sendable {
    /// The object as the subject of a sentence: `commit 1a2b3c4d5e6f by Ada`, `the tag v1.2.0`.
    let name: String
    /// The bytes that were signed; empty for a commit without a signature.
    let payload: [UInt8]
    /// The armored signature, or nil if the object is not signed.
    let signature: [UInt8]?

    /// Reads a commit. Its signature is in the header `gpgsig`.
    init(commit id: git_oid, in repository: borrowing Repository) throws(LibGit2Error) {
        let commit = try Commit(id, in: repository)
        name = "commit \(hexadecimal(id).prefix(8)) by \(commit.author.isEmpty ? "an unknown author" : commit.author)"
        var (signature, payload, id) = (git_buf(), git_buf(), id)
        defer {
            git_buf_dispose(&signature)
            git_buf_dispose(&payload)
        }
        let code = git_commit_extract_signature(&signature, &payload, repository.pointer, &id, nil)
        guard code != GIT_ENOTFOUND.rawValue else {
            (self.payload, self.signature) = ([], nil)
            return
        }
        try check(code)
        self.payload = Self.bytes(payload)
        self.signature = Self.bytes(signature)
    }

    /// Reads the annotated tag that a reference of the mirror points at.
    ///
    /// Returns nil if the reference does not exist or is not an annotated tag, if the tag has another name, or if it
    /// does not point at the commit. A tag with another name may be an old tag in the place of a new one.
    init?(
        tag name: String, reference: String, of commit: git_oid, in repository: borrowing Repository
    ) throws(LibGit2Error) {
        var id = git_oid()
        guard git_reference_name_to_id(&id, repository.pointer, reference) == 0,
            try repository.type(of: id) == GIT_OBJECT_TAG
        else { return nil }
        try repository.checkSize(of: id, limit: Self.largestTag)
        let bytes = try repository.withDatabase { database throws(LibGit2Error) in
            var object: OpaquePointer?
            try check(git_odb_read(&object, database, &id))
            defer { git_odb_object_free(object) }
            return Array(UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object)))
        }
        guard bytes.starts(with: "object \(hexadecimal(commit))\ntype commit\ntag \(name)\n".utf8) else { return nil }
        self.name = "the tag \(name.printable)"
        let start = Self.signatureStart(bytes)
        payload = Array(bytes[..<(start ?? bytes.count)])
        signature = start.map { Array(bytes[$0...]) }
    }

    /// The maximum size of a tag, in bytes.
    private static let largestTag = 16 << 20

    private static let beginnings = [
        "-----BEGIN SSH SIGNATURE-----", "-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----",
    ].map { Array($0.utf8) }

    /// Returns the index of the signature in a tag: git takes the last line that begins a signature, and all text after
    /// it.
    private static func signatureStart(_ bytes: [UInt8]) -> Int? {
        var (found, line): (Int?, Int) = (nil, 0)
        while line < bytes.count {
            if beginnings.contains(where: { bytes[line...].starts(with: $0) }) { found = line }
            guard let end = bytes[line...].firstIndex(of: UInt8(ascii: "\n")) else { break }
            line = end + 1
        }
        return found
    }

    private static func bytes(_ buffer: git_buf) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: buffer.ptr, count: buffer.size))
    }

    /// Returns true if the signature is of a kind: `SSH` or `PGP`.
    func isSigned(by kind: String) -> Bool { signature?.starts(with: "-----BEGIN \(kind)".utf8) == true }
}
