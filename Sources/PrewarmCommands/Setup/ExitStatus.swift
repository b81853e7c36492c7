package import ArgumentParser

/// The exit codes of the commands. The help topic, the man page and the guide are generated from this table.
///
/// The codes from 64 on are those of `sysexits.h`, and those from 128 on those of shells.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    case success = 0
    case failure = 1
    case hasChanges = 2
    case nothingReady = 3
    case leaseLost = 4
    case approvalNeeded = 5
    /// The code with which the argument parser exits, which is `EX_USAGE` of `sysexits.h`.
    case usage = 64
    /// `EX_DATAERR`, `EX_UNAVAILABLE` and `EX_TEMPFAIL`: only on request, since scripts rely on 1 for these failures.
    case invalid = 65
    case unreachable = 69
    case notConverged = 75
    /// `EX_NOPERM`.
    case unauthorized = 77
    /// 128 plus the number of the signal, as shells do it. SIGINT is 2, and SIGTERM is 15.
    case interrupted = 130
    case terminated = 143

    /// True if the code replaces 1 only with `PREWARM_EXIT_CODES=detailed`.
    package var isDetail: Bool { [.invalid, .unreachable, .notConverged].contains(self) }

    /// The exit code of this process: 1 instead of a detail that nothing asked for.
    package var code: Int32 {
        isDetail && Environment.variables[EnvironmentVariable.exitCodes.rawValue] != "detailed"
            ? Self.failure.rawValue : rawValue
    }

    /// The error that ends a command with this code and without a message.
    package var exitCode: ExitCode { ExitCode(code) }

    /// The commands that exit with this code.
    package var commands: String {
        switch self {
        case .success, .failure, .usage, .invalid, .unreachable, .unauthorized, .interrupted, .terminated: "all"
        case .approvalNeeded, .notConverged: "`sync --wait`"
        case .hasChanges: "`plan --detailed-exitcode`, `diff`"
        case .nothingReady: "`claim`, `with`"
        case .leaseLost: "`with`"
        }
    }

    /// One or two sentences that say when a command exits with this code.
    package var meaning: String {
        switch self {
        case .success: "The command succeeded."
        case .failure:
            "The command failed, or it found a problem: `validate` found errors, `status` and `doctor` found something "
                + "unhealthy, a check of `provisioner test` failed, or `sync --wait` did not converge in time. With "
                + "`PREWARM_EXIT_CODES=detailed` in the environment, 65, 69 and 75 replace it where they fit."
        case .hasChanges:
            "`plan`: the plan has actions, or changes that need an approval. `diff`: the revision changes a definition. "
                + "If there are none, the exit code is 0."
        case .nothingReady: "No workspace of the preset is ready to be claimed."
        case .leaseLost:
            "The claim ended while the command of `with` ran. Otherwise `with` exits with the status of the command, which is "
                + "128 plus the number of the signal if a signal ended it."
        case .approvalNeeded:
            "Everything is done but changes that need an approval. The hint names the command that allows them."
        case .invalid: "A manifest, the configuration or a file that was given has an error or cannot be read."
        case .unreachable:
            "The daemon, the store or the repository of a source cannot be reached or does not answer in time, or the "
                + "repository refuses the login."
        case .notConverged: "A pool did not converge, or the time for it ran out."
        case .unauthorized:
            "The daemon did not accept the token, or the token does not allow the request."
        case .usage: "A command, an option or an argument is wrong. `prewarm help COMMAND` shows the right ones."
        case .interrupted: "SIGINT (Ctrl-C) ended the command. The next run continues the unfinished operations."
        case .terminated: "SIGTERM ended the command. The next run continues the unfinished operations."
        }
    }
}

extension ExitStatus {
    /// The sentences that limit the code to some commands or to a setting; empty for the other codes.
    package var scope: String { (commands == "all" ? "" : "Only of \(commands). ") + detail }

    /// The sentence that limits the code to a setting; empty for the other codes.
    package var detail: String { isDetail ? "Only with `PREWARM_EXIT_CODES=detailed`. " : "" }
}
