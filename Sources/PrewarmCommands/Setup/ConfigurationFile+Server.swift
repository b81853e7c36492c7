import PrewarmCore
import PrewarmManifests
import PrewarmServer

extension ConfigurationFile {
    /// Returns the problems of the listen address, of the TLS files and of the CA files of OIDC issuers.
    func checkServer(_ configuration: Configuration, now: Timestamp) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        if let listen = configuration.listen {
            problems += diagnostics(at: listen.position) { () throws(AccessError) in
                _ = try ListenAddress(listen.value)
                return []
            }
        }
        if let tls = configuration.server.tls {
            problems += diagnostics(at: tls.certificate.position) { () throws(AccessError) in
                let files = TLSFiles(certificate: resolve(tls.certificate.value), key: resolve(tls.key.value))
                return try files.load(now: now).warnings
            }
        }
        let issuers =
            configuration.server.oidc.map { ($0.issuer.position, $0.caFile) }
            + configuration.server.signIn.map { ($0.issuer.position, $0.caFile) }
        for (position, caFile) in issuers {
            guard let caFile = caFile.map(resolve), let problem = OIDCKeyFetch.problem(ofCAFile: caFile) else {
                continue
            }
            problems.append(Diagnostic(.error, file: path, at: position, problem))
        }
        return problems
    }

    private func diagnostics(at position: Position, _ check: () throws(AccessError) -> [String]) -> [Diagnostic] {
        do {
            return try check().map { Diagnostic(.warning, file: path, at: position, $0) }
        } catch {
            return [Diagnostic(.error, file: path, at: position, error.message, hint: error.hint)]
        }
    }
}
