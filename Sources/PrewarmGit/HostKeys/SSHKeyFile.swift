/// The properties of a private key file that are readable without its passphrase (PROTOCOL.key of OpenSSH, RFC 1421 for
/// the older form).
struct SSHKeyFile {
    let isEncrypted: Bool
    let isRSA: Bool

    /// Returns nil if the file is not a private key in a known format.
    init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let begin = text.firstRange(of: "-----BEGIN "), let end = text.firstRange(of: "-----END ") else {
            return nil
        }
        let head = text[begin.upperBound...].prefix { $0 != "-" }
        guard head.hasSuffix("PRIVATE KEY"), begin.upperBound < end.lowerBound else { return nil }
        guard head == "OPENSSH PRIVATE KEY" else {
            isEncrypted = head.contains("ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED")
            isRSA = head.hasPrefix("RSA")
            return
        }
        let body = text[begin.upperBound..<end.lowerBound].drop { $0 != "\n" }.filter { !$0.isWhitespace }
        // "openssh-key-v1", cipher, key derivation, its options, a count, then the public key.
        guard let blob = Base64.decode(body), blob.starts(with: "openssh-key-v1\0".utf8) else { return nil }
        var fields = SSHFields(blob.dropFirst(15))
        isEncrypted = fields.string() != Array("none".utf8)
        _ = (fields.string(), fields.string(), fields.number())
        isRSA = fields.string().flatMap(KnownHosts.type) == "ssh-rsa"
    }
}
