import PrewarmEngine

/// A check of signatures of one kind against the configured keys.
protocol SignatureCheck: Sendable {
    /// The kind in the first line of an armored signature: `SSH` or `PGP`.
    var kind: String { get }
    /// The hint for a signature that is not accepted.
    var hint: String { get }
    var tools: any ToolRunner { get }
    /// The folder with the files for the tools.
    var folder: SignatureFolder { get }

    /// Returns nil if the signature is accepted. Otherwise it returns the reason, as the end of a sentence whose
    /// subject is the object: `has a signature that has expired`.
    func check(_ object: SignedObject, _ signature: [UInt8]) async throws(GitFailure) -> String?
}

extension SignatureCheck {
    /// Returns nil if the object has an accepted signature, otherwise a sentence with the reason.
    func problem(of object: SignedObject) async throws(GitFailure) -> String? {
        guard let signature = object.signature else { return "\(object.name) is not signed" }
        guard object.isSigned(by: kind) else {
            return "\(object.name) has a signature of another kind than \(kind)"
        }
        return try await check(object, signature).map { "\(object.name) \($0)" }
    }

    /// Runs a tool.
    /// - Parameter package: the Debian package of the tool, for the hint.
    func output(_ call: ToolCall, package: String) async throws(GitFailure) -> ToolOutput {
        do throws(ToolFailure) {
            return try await tools.run(call)
        } catch {
            throw GitFailure(
                .verificationFailed, "cannot check signatures: \(error.message)",
                hint: error.reason == .cannotRun ? "install the package \(package)" : nil)
        }
    }
}
