import Foundation
import NIOSSL
import PrewarmCore
import Subprocess
import Testing

@testable import PrewarmServer

/// Certificates with their keys, valid for one day, in a temporary folder.
enum Pairs {
    /// Runs the body with the pairs `a` and `b` for localhost, `locked.key` with a passphrase, and `text`, which is neither.
    static func with(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "prewarm-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["a", "b"] {
            try await openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                "\(folder.path)/\(name).key", "-out", "\(folder.path)/\(name).crt")
        }
        try await openssl(
            "pkey", "-in", "\(folder.path)/a.key", "-aes256", "-passout", "pass:secret", "-out",
            "\(folder.path)/locked.key")
        try Data("no PEM".utf8).write(to: folder.appending(path: "text"))
        try await body(folder)
    }

    private static func openssl(_ arguments: String...) async throws {
        let result = try await Subprocess.run(
            .name("openssl"), arguments: Arguments(arguments), output: .discarded, error: .discarded)
        try #require(result.terminationStatus.isSuccess)
    }
}

@Suite("TLS certificate and key")
struct TLSFilesTests {
    private var now: Timestamp { Timestamp(seconds: Int64(Date().timeIntervalSince1970)) }

    private func files(_ folder: URL, _ certificate: String, _ key: String) -> TLSFiles {
        TLSFiles(certificate: folder.appending(path: certificate).path, key: folder.appending(path: key).path)
    }

    @Test("A matching pair is accepted, with warnings before it expires and for a key that every user can read")
    func good() async throws {
        try await Pairs.with { folder in
            let loaded = try files(folder, "a.crt", "a.key").load(now: now)
            #expect(loaded.configuration.certificateChain.count == 1)
            #expect(loaded.warnings.count == 1 && loaded.warnings[0].contains("expires at"))
            #expect(chmod(folder.appending(path: "a.key").path, 0o644) == 0)
            let open = try files(folder, "a.crt", "a.key").load(now: now - .seconds(30 * 86_400))
            #expect(open.warnings.count == 1 && open.warnings[0].contains("every user of this machine can read"))
        }
    }

    @Test("Any other pair is refused with a hint")
    func bad() async throws {
        try await Pairs.with { folder in
            for (certificate, key, words) in [
                ("a.crt", "b.key", "b.key: it does not belong to the certificate"),
                ("none.crt", "a.key", "none.crt: No such file"), ("a.crt", "none.key", "none.key: No such file"),
                ("text", "a.key", "text: it contains no certificate in PEM"),
                ("a.crt", "text", "text: it contains no readable private key"),
                ("a.crt", "locked.key", "locked.key: it contains no readable private key"),
                ("a.key", "a.key", "a.key: it contains no certificate"),
            ] {
                do throws(AccessError) {
                    _ = try files(folder, certificate, key).load(now: now)
                    Issue.record("\(certificate) and \(key) were accepted")
                } catch {
                    #expect(error.message.contains(words) && error.hint != nil, "\(error.message)")
                }
            }
            #expect(throws: AccessError.self) {
                try files(folder, "a.crt", "a.key").load(now: now + .seconds(2 * 86_400))
            }
        }
    }
}
