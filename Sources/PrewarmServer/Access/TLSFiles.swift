internal import Foundation
internal import Glibc
package import NIOSSL
package import PrewarmCore

/// Certificate and key of the daemon, as files in PEM.
package struct TLSFiles: Hashable, Sendable {
    package let certificate: String
    package let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// Reads both; blocks for that long.
    ///
    /// - Returns: what a server takes, and what to warn of: that the certificate ends soon, or the key is open to all.
    package func load(now: Timestamp) throws(AccessError) -> (configuration: TLSConfiguration, warnings: [String]) {
        let chain = try certificates()
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(try privateKey()))
        configuration.minimumTLSVersion = .tlsv12
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw AccessError(
                .configuration, "the key \(key) is not the one of the certificate \(certificate)",
                hint: "name the key that the certificate was asked for with, and its own certificate first in the file")
        }
        return (configuration, try warnings(chain, now: now))
    }

    private func certificates() throws(AccessError) -> [NIOSSLCertificate] {
        try checkReadable(certificate)
        guard let chain = try? NIOSSLCertificate.fromPEMFile(certificate), !chain.isEmpty else {
            throw AccessError(
                .configuration, "\(certificate) has no certificate in PEM",
                hint: "expected -----BEGIN CERTIFICATE-----, its own first and those between it and the root after it")
        }
        return chain
    }

    private func privateKey() throws(AccessError) -> NIOSSLPrivateKey {
        try checkReadable(key)
        do {
            return try NIOSSLPrivateKey(file: key, format: .pem)
        } catch {
            throw AccessError(
                .configuration, "\(key) has no private key in PEM that can be read",
                hint: "a key with a passphrase can't be used: take it away with `openssl pkey -in KEY -out NEW`")
        }
    }

    private func checkReadable(_ path: String) throws(AccessError) {
        guard access(path, R_OK) != 0 else { return }
        throw AccessError(
            .configuration, "the file \(path) can't be read: \(String(cString: strerror(errno)))",
            hint: "paths of the configuration count from its folder")
    }

    /// An expired one is an error: no client would come in.
    private func warnings(_ chain: [NIOSSLCertificate], now: Timestamp) throws(AccessError) -> [String] {
        var warnings: [String] = []
        let end = Timestamp(seconds: Int64(chain[0].notValidAfter))
        guard end > now else {
            throw AccessError(
                .configuration, "the certificate \(certificate) expired at \(end)", hint: "renew it")
        }
        if end - now < .seconds(7 * 86_400) { warnings.append("the certificate \(certificate) expires at \(end)") }
        let mode = try? FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
        if let mode, mode & 0o004 != 0 {
            warnings.append("the key \(key) can be read by everybody on this machine: chmod o= it")
        }
        return warnings
    }
}
