import PrewarmCore
import PrewarmEngine

/// The checks of `claim` and `delete`.
extension ConformanceTest {
    func checkClaim(of workspace: Workspace) async throws {
        let values: ClaimValues
        switch subject.claim {
        case _ where !provisioner.operations.contains(.claim):
            return skipClaim("the provisioner does not offer `claim`")
        case .failure(let missing): return skipClaim(missing.message, hint: missing.hint)
        case .success(let given): values = given
        }
        var claimed = workspace
        claimed.state = .claimed
        claimed.owner = Owner(.text, subject.owner)
        let claim = nextClaim()
        let reply = try await call(
            .claim, claimed, claim: ClaimDetails(id: claim, values: values), timeout: subject.handoverTimeout)
        guard case .done(let endpoint, let metadata) = reply.outcome else {
            conclude(.claim, .failed, "`claim` for \(subject.owner): \(reply.outcome.inWords)")
            return skipClaim("`claim` failed")
        }
        let sent = values.plain.keys.sorted() + values.secrets.keys.sorted()
        conclude(
            .claim, .passed,
            "the workspace is handed over to \(subject.owner)"
                + (sent.isEmpty ? ", without parameters" : " with \(sent.joined(separator: ", "))"))
        // A repeated request for the credentials may come without the secret parameters.
        let second = try await call(
            .claim, claimed, attempt: 2,
            claim: ClaimDetails(id: claim, values: ClaimValues(plain: values.plain)), timeout: subject.handoverTimeout)
        checkSecond(second, after: reply)
        let shown = [endpoint].compactMap(\.self) + metadata.values
        let count = reply.credentials.count.counted("credential")
        shown.contains { $0.contains("***") }
            ? conclude(.claimCredentials, .failed, "the endpoint or the metadata contains a credential or a secret")
            : conclude(.claimCredentials, .passed, "the answer has \(count)")
        if hasFailed(.listCreated) {
            conclude(.listClaimed, .skipped, "`list-created` failed")
        } else {
            try await checkList(has: workspace, exists: true, .listClaimed)
        }
    }

    private func checkSecond(_ second: ProvisionerReply, after first: ProvisionerReply) {
        guard case .done = second.outcome else {
            return conclude(.claimAgain, .failed, "the second `claim`: \(second.outcome.inWords)")
        }
        second.credentials == first.credentials
            ? conclude(.claimAgain, .passed, "the second `claim` succeeds with the same credentials")
            : conclude(.claimAgain, .failed, "the second `claim` gives other credentials than the first one")
    }

    private func skipClaim(_ reason: String, hint: String? = nil) {
        let checks: [ConformanceCheck] = [.claim, .claimAgain, .claimCredentials, .listClaimed]
        for check in checks where !hasFailed(check) {
            conclude(check, .skipped, reason, hint: check == .claim ? hint : nil)
        }
    }

    func checkDeletion(of workspace: Workspace) async throws {
        guard case .done = try await conclude(deletionOf: workspace, .delete) else {
            for check in [ConformanceCheck.deleteAgain, .listDeleted, .inspectDeleted] {
                conclude(check, .skipped, "`delete` failed")
            }
            return
        }
        if hasFailed(.deleteUnknown) {
            conclude(.deleteAgain, .skipped, "`delete-unknown` failed")
        } else {
            try await conclude(deletionOf: workspace, .deleteAgain)
        }
        try await checkList(has: workspace, exists: false, .listDeleted)
        guard hasPassed(.inspectUnknown) else {
            return conclude(
                .inspectDeleted, .skipped,
                hasFailed(.inspectUnknown)
                    ? "`inspect-unknown` failed" : "the provisioner does not offer `inspect`")
        }
        let outcome = try await call(.inspect, workspace).outcome
        outcome == .lost
            ? conclude(.inspectDeleted, .passed, "`inspect` answers `lost`")
            : conclude(.inspectDeleted, .failed, "`inspect` of a deleted workspace: \(outcome.inWords)")
    }

    @discardableResult
    private func conclude(deletionOf workspace: Workspace, _ check: ConformanceCheck) async throws -> Outcome {
        let outcome = try await call(.delete, workspace).outcome
        if case .done = outcome {
            conclude(check, .passed, "`delete` succeeds")
        } else {
            conclude(check, .failed, "`delete`: \(outcome.inWords)")
        }
        return outcome
    }
}
