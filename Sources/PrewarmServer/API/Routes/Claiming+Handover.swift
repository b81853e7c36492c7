import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The handover of a claimed workspace to its owner.
extension Claiming {
    /// The largest number of workspaces that a claim gets after its first one, because their handovers failed.
    static let mostReplacements = 2

    enum Outcome {
        case granted(Granted)
        /// The handover failed, and the workspace is deleted.
        case failed(Problem)
    }

    /// Returns the terms of the handover; nil without a handover.
    /// - Parameter isRepeated: True if an earlier request got a workspace. Its preset may have been removed since.
    func terms(of key: PresetKey, isRepeated: Bool) async throws -> HandoverTerms? {
        do {
            return try await api.engine.handoverTerms(of: key.description, call.parameters)
        } catch ClaimError.unknownPreset where isRepeated {
            return nil
        }
    }

    /// Waits until the owner can use the workspace, or until the deadline.
    func finished(
        _ grant: ClaimGrant, _ attempt: ClaimAttempt, _ deadline: Instant?
    ) async throws -> Outcome {
        let workspace = grant.workspace
        let handover = api.engine.handover(
            of: grant, createsWorkspace: api.daemon == nil, askedAt: attempt.askedAt)
        if let handover {
            // Without a limit, the request waits for the handover, but not for the creation of the workspace.
            var deadline = deadline ?? (workspace.isCold ? instant : nil)
            // The requests of one long wait are short, but a failed handover is replaced only while its request waits.
            if call.body["queue"]?.bool == true, !workspace.isCold { deadline = instant + API.longestClaimWait }
            guard let result = try await api.result(of: handover, until: deadline) else {
                return .granted(Granted(workspace: workspace))
            }
            return try outcome(result)
        }
        guard !grant.isNew, workspace.handover != .none else {
            if grant.isNew, !workspace.isCold {
                api.engine.observe(.usable(workspace.preset, after: max(api.engine.now() - attempt.askedAt, .zero)))
            }
            return .granted(Granted(workspace: try await finished(workspace, deadline)))
        }
        return try await repeated(workspace, deadline)
    }

    /// Asks the provisioner again for a workspace that an earlier request with the same key got. If its handover has not
    /// ended, it waits for the end first.
    private func repeated(_ workspace: Workspace, _ deadline: Instant?) async throws -> Outcome {
        let limit = deadline ?? (workspace.isCold ? instant : nil)
        while true {
            let handover: Handover?
            do {
                handover = try await api.engine.handOverAgain(workspace.id, call.parameters)
            } catch ClaimError.noHandover(let found) where found.state != .claimed {
                // The handover of the earlier request failed, and the key is free again.
                return .failed(Problem(interruptedHandoverOf: found))
            }
            if let handover {
                guard let result = try await api.result(of: handover, until: limit) else {
                    return .granted(Granted(workspace: workspace))
                }
                return try outcome(result)
            }
            if let limit, instant >= limit { return .granted(Granted(workspace: workspace)) }
            if Task.isShuttingDownGracefully { throw CancellationError() }
            try await api.engine.clock.sleep(for: .milliseconds(100))
        }
    }

    func outcome(_ result: HandoverResult) throws -> Outcome {
        switch result {
        case .done(let workspace, let credentials):
            .granted(Granted(workspace: workspace, handover: HandoverMembers(credentials: credentials)))
        case .kept(let workspace, let error):
            .granted(
                Granted(
                    workspace: workspace,
                    handover: HandoverMembers(error: error.cause ?? Operation.withoutCause)))
        case .replaced(let workspace, let error): .failed(Problem(handoverOf: workspace, error))
        case .unanswered(let workspace, let error): throw Problem(handoverOf: workspace, error)
        case .ended(let workspace): throw Problem(endedClaimOf: workspace)
        case .interrupted(let workspace): .failed(Problem(interruptedHandoverOf: workspace))
        }
    }
}

extension API {
    /// Carries out a handover. In a daemon it goes on if the request does not wait for its end; a command carries it out
    /// itself, however long it takes.
    /// - Returns: Nil if the time is over first.
    func result(
        of handover: Handover, until deadline: Instant?
    ) async throws -> HandoverResult? {
        guard let daemon else { return await handover.run() }
        let job = try await daemon.handovers.begin(handover)
        let result = try await job.value(until: deadline)
        daemon.replan(source: handover.workspace.preset.source)
        return result
    }
}

extension Problem {
    /// The problem of a failed handover.
    /// - Parameter error: The cause, and the end of the provisioner's log behind it. It has no secrets.
    init(handoverOf workspace: Workspace, _ error: String) {
        let lines = error.split(separator: "\n", omittingEmptySubsequences: true)
        self.init(
            "HandoverFailed", status: 502,
            "cannot hand over a workspace of \(workspace.preset.name): \(error.cause ?? Operation.withoutCause)",
            hint: workspace.state == .claimed
                ? "ask again, or ask an operator to look at `prewarm logs \(workspace.name)`"
                : "correct the claim parameters and claim again, or ask an operator to look at "
                    + "`prewarm logs \(workspace.name)`")
        let rest = lines.dropFirst().joined(separator: "\n")
        if !rest.isEmpty { log = rest }
    }

    fileprivate init(endedClaimOf workspace: Workspace) {
        self.init(
            workspace.isCold ? "ColdClaimFailed" : "ClaimEnded", status: workspace.isCold ? 502 : 410,
            workspace.isCold
                ? "cannot create the workspace \(workspace.name) for this claim"
                : "cannot hand over the workspace \(workspace.name): its claim ended meanwhile",
            hint: "see `prewarm describe workspace \(workspace.name)`")
    }

    fileprivate init(interruptedHandoverOf workspace: Workspace) {
        self.init(
            "HandoverInterrupted", status: 503,
            "cannot hand over the workspace \(workspace.name): prewarm ended the handover", hint: "claim again")
    }
}

extension APICall {
    /// The claim parameters in the body.
    var parameters: [String: ParameterValue] {
        guard case .object(let members)? = body["parameters"] else { return [:] }
        return Dictionary(
            members.compactMap { name, value in value.parameter.map { (name, $0) } }
        ) { _, last in last }
    }
}

extension Value {
    /// The value as a parameter; nil if it is no text, number or boolean.
    var parameter: ParameterValue? {
        switch self {
        case .string(let text): .string(text)
        case .bool(let flag): .boolean(flag)
        case .int(let number): .integer(Int64(number))
        case .double(let number): number.isFinite ? .number(number) : nil
        case .number(let text): Double(text).map { .number($0) }
        case .null, .array, .object: nil
        }
    }
}
