import PrewarmEngine

/// One kind of signatures, and the keys that count.
protocol SignatureCheck: Sendable {
    /// As armour has it: `SSH`, `PGP`.
    var kind: String { get }
    /// What to do where a signature doesn't count.
    var hint: String { get }
    var tools: any ToolRunner { get }
    /// Where the tools find what they check.
    var folder: SignatureFolder { get }

    /// Nil where the signature counts; else why not, as the end of a sentence that begins with the object.
    func check(_ object: SignedObject, _ signature: [UInt8]) async throws(GitFailure) -> String?
}

extension SignatureCheck {
    /// Nil where the object is signed by somebody who counts; else a sentence.
    func problem(of object: SignedObject) async throws(GitFailure) -> String? {
        guard let signature = object.signature else { return "\(object.name) is not signed" }
        guard object.isSigned(by: kind) else {
            return "\(object.name) has no \(kind) signature, but one of another kind"
        }
        return try await check(object, signature).map { "\(object.name) \($0)" }
    }

    func output(_ call: ToolCall, package: String) async throws(GitFailure) -> ToolOutput {
        do throws(ToolFailure) {
            return try await tools.run(call)
        } catch {
            throw GitFailure(
                .verificationFailed, "signatures can't be checked: \(error.message)",
                hint: error.reason == .cannotRun ? "install \(package)" : nil)
        }
    }
}
