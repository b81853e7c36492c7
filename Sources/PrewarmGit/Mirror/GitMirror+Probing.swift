package import PrewarmCore
package import PrewarmEngine

/// What a look at a remote found, for `prewarm doctor`.
package struct SourceProbe: Sendable {
    /// Nil where it could not be had.
    package let revision: Revision?
    package let failure: GitFailure?
    /// Over ssh, where the host was reached.
    package let hostKey: SeenHostKey?
}

extension GitMirror {
    /// Asks the remote what the configured ref points at, and says what was met on the way.
    package func probe() async -> SourceProbe {
        do throws(GitFailure) {
            return try await perform { [self] watch throws(GitFailure) in
                do throws(GitFailure) {
                    if let revision = try revisionOnDisk() {
                        return SourceProbe(revision: revision, failure: nil, hostKey: nil)
                    }
                    let refs = RefAdvertisement(try pass(watch).list())
                    return SourceProbe(
                        revision: try refs.resolve(settings.ref).revision, failure: nil, hostKey: watch.hostKey)
                } catch {
                    return SourceProbe(revision: nil, failure: error, hostKey: watch.hostKey)
                }
            }
        } catch {
            return SourceProbe(revision: nil, failure: error, hostKey: nil)
        }
    }

    /// What is missing on this machine for the configured signatures to be checked.
    package func signatureProblem() async -> GitFailure? {
        guard let verification = settings.verification else { return nil }
        do throws(GitFailure) {
            let check = try await signatureCheck(verification)
            let (program, package) = check.kind == "SSH" ? ("ssh-keygen", "openssh-client") : ("gpgv", "gpgv")
            // Neither does anything here but say that it is there.
            _ = try await check.output(ToolCall(program, ["--version"]), package: package)
            await check.folder.remove()
            return nil
        } catch {
            return error
        }
    }
}
