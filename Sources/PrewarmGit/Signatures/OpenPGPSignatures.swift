import PrewarmEngine

/// Signatures by OpenPGP keys, checked by gpgv against a keyring of the configured keys alone. gpgv calls a signature
/// good though its key has expired or was revoked: what counts is what it says line by line (doc/DETAILS of GnuPG). It
/// would take SHA-1, too, for which two texts of one digest can be made.
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
            throw GitFailure(.refused, "the file of OpenPGP keys can't be read: \(file)")
        }
        let packets = bytes.contains(sequence: "-----BEGIN PGP") ? Self.packets(inArmour: bytes) : bytes
        // Every packet begins with the highest bit (RFC 9580, section 4.2).
        guard let packets, let first = packets.first, first & 0x80 != 0 else {
            throw GitFailure(
                .refused, "there are no OpenPGP keys in \(file)", hint: "write them by `gpg --armor --export WHO`")
        }
        keyring = try folder.write("keys.gpg", packets)
    }

    /// As RFC 9580, section 9.5, numbers it.
    private static let sha1 = "2"

    var kind: String { "PGP" }
    var hint: String { "sign it with a key of \(file), or add the key there if you trust it" }

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
        if line("BADSIG") != nil { return "has a signature that does not fit it: it was changed" }
        if let words = line("NO_PUBKEY") { return "is signed by the key \(key(words)), which \(file) does not have" }
        // After VALIDSIG come fingerprint, date, two times, version, a reserved word and the key's algorithm.
        if let words = line("VALIDSIG"), words.count > 9, words[9] == Self.sha1 {
            return "has a signature made with SHA-1, which does not count"
        }
        let isGood = answer.code == 0 && line("GOODSIG") != nil && lines.count { $0[1] == "VALIDSIG" } == 1
        if isGood, lines.count(where: { $0[1] == "NEWSIG" }) == 1 { return nil }
        return "has a signature that can't be checked"
    }

    /// The binary form of all armoured blocks, one after the other (RFC 9580, section 6). Nil where one is broken.
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
                guard let decoded = Base64.decode(text) else { return nil }
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
