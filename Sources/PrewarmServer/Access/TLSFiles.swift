internal import Foundation
internal import Glibc
package import NIOSSL
package import PrewarmCore

/// The PEM files with the certificate and the private key of the daemon.
package struct TLSFiles: Hashable, Sendable {
    package let certificate: String
    package let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// Reads both files. The calling thread blocks meanwhile.
    ///
    /// - Returns: The configuration for a server, and warnings: that the certificate expires within seven days, or that every
    ///   user of the machine can read the key.
    /// - Throws: ``AccessError`` if a file cannot be used or the certificate has expired.
    package func load(now: Timestamp) throws(AccessError) -> (configuration: TLSConfiguration, warnings: [String]) {
        let chain = try certificates()
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(try privateKey()))
        configuration.minimumTLSVersion = .tlsv12
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw AccessError(
                .configuration, "invalid TLS key \(key): it does not belong to the certificate \(certificate)",
                hint: "use the key that the certificate was requested with, and put the daemon's certificate first in "
                    + certificate)
        }
        return (configuration, try warnings(chain, now: now))
    }

    private func certificates() throws(AccessError) -> [NIOSSLCertificate] {
        try checkReadable(certificate)
        guard let chain = try? NIOSSLCertificate.fromPEMFile(certificate), !chain.isEmpty else {
            throw AccessError(
                .configuration, "invalid TLS certificate \(certificate): it contains no certificate in PEM",
                hint: "write PEM blocks (-----BEGIN CERTIFICATE-----): first the daemon's certificate, then the "
                    + "intermediate certificates")
        }
        return chain
    }

    private func privateKey() throws(AccessError) -> NIOSSLPrivateKey {
        try checkReadable(key)
        do {
            return try NIOSSLPrivateKey(file: key, format: .pem)
        } catch {
            throw AccessError(
                .configuration, "invalid TLS key \(key): it contains no readable private key in PEM",
                hint: "a key with a passphrase cannot be used; remove the passphrase with "
                    + "`openssl pkey -in \(key) -out NEW`")
        }
    }

    private func checkReadable(_ path: String) throws(AccessError) {
        guard access(path, R_OK) != 0 else { return }
        throw AccessError(
            .configuration, "cannot read the file \(path): \(String(cString: strerror(errno)))",
            hint: "check the path: it is relative to the folder of the configuration file")
    }

    /// Returns the warnings for a certificate chain.
    ///
    /// - Throws: ``AccessError`` if the certificate has expired, since no client would connect.
    private func warnings(_ chain: [NIOSSLCertificate], now: Timestamp) throws(AccessError) -> [String] {
        var warnings: [String] = []
        let end = Timestamp(seconds: Int64(chain[0].notValidAfter))
        guard end > now else {
            throw AccessError(
                .configuration, "the TLS certificate \(certificate) expired at \(end)", hint: "renew the certificate")
        }
        if end - now < .seconds(7 * 86_400) { warnings.append("the TLS certificate \(certificate) expires at \(end)") }
        let mode = try? FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
        if let mode, mode & 0o004 != 0 {
            warnings.append("every user of this machine can read the TLS key \(key); run `chmod o= \(key)`")
        }
        return warnings
    }
}
