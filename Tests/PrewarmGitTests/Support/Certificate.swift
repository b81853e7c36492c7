import Foundation

/// A self-signed certificate for one host and its key, as PEM files.
struct Certificate: Sendable {
    let file: String
    let key: String

    var options: [String] { ["--tls", file, key] }

    /// - Parameter host: the subjectAltName of openssl: `DNS:localhost`, `IP:127.0.0.1`.
    init(_ folder: Folder, for host: String, days: Int = 2) async throws {
        let name = "\(folder.path)/certificate-\(UUID().uuidString.prefix(8))"
        file = "\(name).pem"
        key = "\(name).key"
        try await run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", file, "-days", "\(days)",
                "-subj", "/CN=\(name.split(separator: "/").last ?? "")", "-addext", "subjectAltName=\(host)",
            ], in: folder.path)
    }
}
