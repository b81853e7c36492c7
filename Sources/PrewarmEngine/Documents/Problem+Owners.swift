internal import PrewarmCore

/// The problems of owners that reached a limit of `policy.owners`.
extension Problem {
    init(_ usage: OwnerUsage, _ purpose: ClaimPurpose) {
        let owner = usage.owner.description.printable
        let act =
            switch purpose {
            case .claim: "claim a workspace"
            case .transfer(let workspace): "transfer \(workspace.name) to \(owner)"
            }
        let names = usage.workspaces.map(\.name)
        let held =
            usage.limit == 0
            ? "\(owner) may hold no workspaces"
            : "\(owner) holds \(usage.count.counted("workspace")), and the limit is \(usage.limit)"
        self.init(
            "OwnerLimit", status: 429,
            "cannot \(act): \(held)" + (names.isEmpty ? "" : ": \(names.summary)"),
            hint: names.first.map { "release one of them: `prewarm release \($0)`" }
                ?? (usage.limit == 0
                    ? "ask an operator for a rule for \(owner) in `policy.owners` of the configuration"
                    : "release one of the workspaces of \(owner): `prewarm get workspaces --owner \(owner)`"))
        holds = usage.workspaces
    }

    init(unknown owner: Owner, of workspace: Workspace) {
        let name = owner.name.printable
        self.init(
            "UnknownOwner", status: 403,
            "cannot transfer \(workspace.name) to \(owner.description.printable): "
                + (owner.kind == .token
                    ? "no API token of this name may claim" : "no owner of this name has claimed yet"),
            hint: owner.kind == .token
                ? "see the name of the token, or ask an operator for the transfer"
                : "if \(name) is an API token, add `--kind token`; otherwise ask an operator for the transfer")
    }

    /// - Parameter owner: The owner of the waiting claims; nil for all owners.
    init(queueOf owner: Owner?, limit: Int) {
        let claims = "\(limit.counted("claim")) \(limit == 1 ? "waits" : "wait")"
        self.init(
            "QueueFull", status: 429,
            owner.map { "cannot wait for a workspace: \(claims) for \($0.description.printable), which is the limit" }
                ?? "cannot wait for a workspace: \(claims) already, which is the limit",
            hint: "claim again later, or without `--wait`")
    }
}
