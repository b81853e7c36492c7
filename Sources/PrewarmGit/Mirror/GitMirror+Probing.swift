package import PrewarmCore
package import PrewarmEngine

/// The result of a request to a remote, for `prewarm doctor`.
package struct SourceProbe: Sendable {
    /// The revision of the configured ref, or nil if the request failed.
    package let revision: Revision?
    /// The failure of the request.
    package let failure: GitFailure?
    /// The key of the host, if the URL is an ssh URL and the host was reached.
    package let hostKey: SeenHostKey?
}

extension GitMirror {
    /// Resolves the configured ref on the remote, and returns the host key and the failure, too.
    package func probe() async -> SourceProbe {
        do throws(GitFailure) {
            return try await perform { [self] watch throws(GitFailure) in
                do throws(GitFailure) {
                    if let revision = try revisionOnDisk() {
                        return SourceProbe(revision: revision, failure: nil, hostKey: nil)
                    }
                    let refs = RefAdvertisement(try pass(watch).list())
                    return SourceProbe(
                        revision: try refs.resolve(settings.ref, of: url).revision, failure: nil, hostKey: watch.hostKey
                    )
                } catch {
                    return SourceProbe(revision: nil, failure: error, hostKey: watch.hostKey)
                }
            }
        } catch {
            return SourceProbe(revision: nil, failure: error, hostKey: nil)
        }
    }

    /// Returns the reason why the configured signatures cannot be checked on this machine, or nil if they can.
    package func signatureProblem() async -> GitFailure? {
        guard let verification = settings.verification else { return nil }
        do throws(GitFailure) {
            let check = try await signatureCheck(verification)
            let (program, package) = check.kind == "SSH" ? ("ssh-keygen", "openssh-client") : ("gpgv", "gpgv")
            // The exit code does not matter: the call only shows that the program exists.
            _ = try await check.output(ToolCall(program, ["--version"]), package: package)
            await check.folder.remove()
            return nil
        } catch {
            return error
        }
    }
}
