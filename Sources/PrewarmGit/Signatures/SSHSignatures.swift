import PrewarmCore
import PrewarmEngine

/// Signatures by SSH keys. ssh-keygen checks them as git does (ssh-keygen(1), -Y), against the keys that are valid now.
struct SSHSignatures: SignatureCheck {
    let allowedSigners: String
    let tools: any ToolRunner
    let folder: SignatureFolder

    var kind: String { "SSH" }
    var hint: String { "sign it with a key of \(allowedSigners), or add the key to that file if you trust it" }

    func check(_ object: SignedObject, _ signature: [UInt8]) async throws(GitFailure) -> String? {
        let file = try await folder.store("signature", signature)
        let found = try await run(["-Y", "find-principals", "-s", file, "-f", allowedSigners], [])
        var words = found.log
        if found.code == 0 {
            let principals = Set(String(decoding: found.output, as: UTF8.self).split(whereSeparator: \.isNewline))
            for principal in principals.sorted() {
                let verified = try await run(
                    ["-Y", "verify", "-f", allowedSigners, "-I", String(principal), "-n", "git", "-s", file],
                    object.payload)
                if verified.code == 0 { return nil }
                words = verified.log
            }
        }
        return try await reason(file, object, words)
    }

    /// Returns the reason why a signature is not accepted: the signature is invalid, or its key is not allowed.
    private func reason(_ file: String, _ object: SignedObject, _ words: String) async throws(GitFailure) -> String {
        let plain = try await run(["-Y", "check-novalidate", "-n", "git", "-s", file], object.payload)
        guard plain.code == 0 else {
            return "has an invalid signature: \(Self.firstLine(plain.log))"
        }
        let text = String(decoding: plain.output, as: UTF8.self)
        let key = text.split(whereSeparator: \.isWhitespace).last { $0.hasPrefix("SHA256:") } ?? "unknown"
        let why = Self.firstLine(words)
        let isUnknown = why.hasPrefix("No principal") || why.hasPrefix("Could not")
        return "is signed by the key \(key), which \(allowedSigners) does not allow" + (isUnknown ? "" : ": \(why)")
    }

    private func run(_ arguments: [String], _ input: [UInt8]) async throws(GitFailure) -> ToolOutput {
        try await output(ToolCall("ssh-keygen", arguments, input: input), package: "openssh-client")
    }

    private static func firstLine(_ log: String) -> String {
        log.split(whereSeparator: \.isNewline).first.map { $0.trimmedLine } ?? "it cannot be checked"
    }
}

extension Substring {
    /// The first 200 characters at most, without control characters.
    fileprivate var trimmedLine: String { String(String(self).printable.prefix(200)) }
}
