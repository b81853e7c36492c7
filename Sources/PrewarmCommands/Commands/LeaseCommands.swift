import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct RenewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Renew the lease of a claim.",
        discussion: """
            A renewal moves the end of the lease, also after the end while the grace of the preset lasts.

            Examples:
              prewarm renew go-large-swqygcqe
              prewarm renew go-large-swqygcqe --for 4h
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name or ID of a workspace.", completion: .claimedWorkspaces)
    var workspace: String

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "The time from now to the new end, for example 4h (default: the length of the lease).",
            valueName: "duration"),
        transform: DurationArgument.init(argument:))
    var length: DurationArgument?

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let renewed: WorkspaceDocument = try await session.post(
                "workspaces", workspace, "renew", body: ["for": length.map { .string($0.duration.prewarmText) }])
            let times = ShownTimes(now: await session.now())
            console.step(
                .success, "renewed \(renewed.name)\(times.until(renewed.lease?.expiresAt))")
            renewed.noteClamp(console)
        }
    }
}

struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Keep a claimed workspace, so that its lease does not end before a time.",
        discussion: """
            A hold also exceeds `lease.max` of the preset. A second hold replaces the first.

            Examples:
              prewarm hold go-large-swqygcqe --until 2d --reason "incident 42"
              prewarm hold go-large-swqygcqe --end
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name or ID of a workspace.", completion: .claimedWorkspaces)
    var workspace: String

    @Option(help: ArgumentHelp("The reason, which `prewarm describe` shows.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "The end of the hold: a duration such as 2h, or a time such as 2026-11-24T18:00:00Z.", valueName: "time"),
        transform: Moment.init(argument:))
    var until: Moment?

    @Flag(help: "End the hold.")
    var end = false

    @Option(help: ArgumentHelp("The name to record in the audit log (default: $USER).", valueName: "name"))
    var by: String?

    func validate() throws {
        if end, until != nil || reason != nil {
            throw ValidationError("cannot use --end with --until or --reason: it ends the hold")
        }
        if !end, until == nil || reason == nil {
            throw ValidationError("missing \(until == nil ? "--until" : "--reason"): a hold needs both, or use --end")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            guard let until else {
                let freed: WorkspaceDocument = try await session.delete("workspaces", workspace, "hold")
                return console.step(.success, "ended the hold of \(freed.name)")
            }
            let now = await session.now()
            let time = try until.time(from: now)
            let held: WorkspaceDocument = try await session.post(
                "workspaces", workspace, "hold",
                body: [
                    "until": Value(time), "reason": reason.map { .string($0) },
                    "by": .string(by ?? Environment.user),
                ])
            console.step(
                .success, "held \(held.name)\(ShownTimes(now: now).until(time))")
        }
    }
}

struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "End the claim of another owner; prewarm deletes the workspace.",
        discussion: """
            Later requests about the claim return the reason.

            Example:
              prewarm revoke go-large-swqygcqe --reason "budget is used up"
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name or ID of a workspace.", completion: .claimedWorkspaces)
    var workspace: String

    @Option(help: ArgumentHelp("The reason, which the owner sees.", valueName: "text"))
    var reason: String

    @Option(help: ArgumentHelp("The name to record in the audit log (default: $USER).", valueName: "name"))
    var by: String?

    @Flag(help: "Leave the deletion to the daemon or to the next `prewarm sync`.")
    var noWait = false

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let revoked: WorkspaceDocument = try await session.post(
                "workspaces", workspace, "revoke",
                body: ["reason": .string(reason), "by": .string(by ?? Environment.user)])
            console.step(.success, "revoked the claim of \(revoked.name)")
            if !noWait { try await DeletionRun(session: session, console: console).finish(revoked) }
        }
    }
}

struct TransferCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer",
        abstract: "Give a claim to another owner.",
        discussion: """
            The lease of the claim goes on. A provisioner with the operation `claim` hands the workspace over to the new \
            owner first, with the given claim parameters and those of the claim that are not secret. The new owner gets the \
            credentials from `prewarm credentials`. If the handover fails, the former owner keeps the claim.

            Examples:
              prewarm transfer go-large-swqygcqe --to bob
              prewarm transfer go-large-swqygcqe --to ci --kind token --secret-file gitToken=token.txt
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name or ID of a workspace.", completion: .claimedWorkspaces)
    var workspace: String

    @Option(
        help: ArgumentHelp(
            "The name of the new owner, 1 to \(Owner.nameLimit) characters.", valueName: "name"))
    var to: String

    @Option(help: "The kind of the new owner: text, or token for the API token of that name.")
    var kind = OwnerKind.text

    enum OwnerKind: String, ExpressibleByArgument, CaseIterable {
        case text, token
    }

    @OptionGroup(title: "Claim parameters")
    var parameters: ClaimParameterOptions

    func validate() throws {
        if to.isEmpty || to.unicodeScalars.count > Owner.nameLimit {
            throw ValidationError(
                "invalid --to: it must have 1 to \(Owner.nameLimit) characters, not \(to.unicodeScalars.count)")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            try await parameters.refuseSecretArguments(of: nil, in: session)
            let moved: WorkspaceDocument = try await session.post(
                "workspaces", workspace, "transfer",
                body: [
                    "to": .string(to), "kind": .string(kind.rawValue), "parameters": try parameters.values(),
                ])
            let name = moved.name
            console.step(.success, "transferred \(name) to \(to)")
            if let handover = moved.handover, handover != HandoverState.none {
                console.note("\(to) gets the credentials with `prewarm credentials \(name)`.")
            }
        }
    }
}

extension WorkspaceDocument {
    /// Warns the user that the lease is shorter than the user asked for.
    func noteClamp(_ console: Console) {
        guard clampedBy != nil else { return }
        console.note("The lease is shorter than you asked for: the preset limits it by `lease.max`.")
    }
}
