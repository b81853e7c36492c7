import FoundationEssentials
import PrewarmEngine

/// Signatures by OpenPGP keys. gpgv checks them against a keyring that contains only the configured keys.
///
/// gpgv accepts a signature even if its key has expired or was revoked, so the status lines decide (doc/DETAILS of
/// GnuPG). It also accepts SHA-1, for which two texts with the same digest can be created, so SHA-1 is refused here.
struct OpenPGPSignatures: SignatureCheck {
    let file: String
    let tools: any ToolRunner
    let folder: SignatureFolder
    private let keyring: String

    init(file: String, tools: any ToolRunner, folder: SignatureFolder) throws(GitFailure) {
        self.file = file
        self.tools = tools
        self.folder = folder
        guard let bytes = readFile(file, limit: 16 << 20) else {
            throw GitFailure(
                .refused, "cannot read the OpenPGP key file \(file)",
                hint: "check that the file exists, and that the user that prewarm runs as may read it")
        }
        let packets = bytes.contains(sequence: "-----BEGIN PGP") ? Self.packets(inArmour: bytes) : bytes
        // Every packet begins with the highest bit (RFC 9580, section 4.2).
        guard let packets, let first = packets.first, first & 0x80 != 0 else {
            throw GitFailure(
                .refused, "invalid OpenPGP key file \(file): it contains no public keys",
                hint: "write the keys with `gpg --armor --export KEY > \(file)`")
        }
        keyring = try folder.write("keys.gpg", packets)
    }

    /// The number of SHA-1 in status lines (RFC 9580, section 9.5).
    private static let sha1 = "2"

    var kind: String { "PGP" }
    var hint: String { "sign it with a key of \(file), or add the key to that file if you trust it" }

    func check(_ object: SignedObject, _ signature: [UInt8]) async throws(GitFailure) -> String? {
        let signed = try await folder.store("signature", signature)
        let answer = try await output(
            ToolCall(
                "gpgv", ["--homedir", folder.path, "--keyring", keyring, "--status-fd", "1", signed, "-"],
                input: object.payload), package: "gpgv")
        let lines = String(decoding: answer.output, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.split(separator: " ") }.filter { $0.count > 1 && $0[0] == "[GNUPG:]" }
        func line(_ word: String) -> [Substring]? { lines.first { $0[1] == word } }
        func key(_ words: [Substring]) -> String { words.count > 2 ? String(words[2]) : "unknown" }
        if let words = line("REVKEYSIG") { return "is signed by the key \(key(words)), which was revoked" }
        if let words = line("EXPKEYSIG") { return "is signed by the key \(key(words)), which has expired" }
        if line("EXPSIG") != nil { return "has a signature that has expired" }
        if line("BADSIG") != nil { return "has an invalid signature: it was changed after it was signed" }
        if let words = line("NO_PUBKEY") { return "is signed by the key \(key(words)), which is not in \(file)" }
        // After VALIDSIG come fingerprint, date, two times, version, a reserved word and the key's algorithm.
        if let words = line("VALIDSIG"), words.count > 9, words[9] == Self.sha1 {
            return "has a signature made with SHA-1, which is not accepted"
        }
        let isGood = answer.code == 0 && line("GOODSIG") != nil && lines.count { $0[1] == "VALIDSIG" } == 1
        if isGood, lines.count(where: { $0[1] == "NEWSIG" }) == 1 { return nil }
        return "has a signature that cannot be checked"
    }

    /// Returns the binary form of all armored blocks, one after the other (RFC 9580, section 6), or nil if one is
    /// invalid.
    private static func packets(inArmour bytes: [UInt8]) -> [UInt8]? {
        var packets: [UInt8] = []
        var body: String?
        var isInHeaders = false
        for line in String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        {
            let line = line.filter { !$0.isWhitespace || $0 == " " }
            if line.hasPrefix("-----BEGIN PGP PUBLIC KEY BLOCK") {
                (body, isInHeaders) = ("", true)
            } else if line.hasPrefix("-----END PGP"), let text = body {
                guard let decoded = Data(base64Encoded: text) else { return nil }
                packets += decoded
                body = nil
            } else if isInHeaders {
                isInHeaders = line.contains(":")
                if !isInHeaders, !line.isEmpty { body? += line }
            } else if !line.hasPrefix("=") {
                body? += line
            }
        }
        return body == nil ? packets : nil
    }
}

extension [UInt8] {
    fileprivate func contains(sequence text: String) -> Bool {
        firstRange(of: Array(text.utf8)) != nil
    }
}
