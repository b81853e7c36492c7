package import ArgumentParser

/// The exit codes of the commands.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    case success = 0
    case failure = 1
    case hasChanges = 2
    case nothingReady = 3
    case leaseLost = 4
    /// The code with which the argument parser exits, which is `EX_USAGE` of `sysexits.h`.
    case usage = 64
    /// 128 plus the number of the signal, as shells do it. SIGINT is 2, and SIGTERM is 15.
    case interrupted = 130
    case terminated = 143

    /// The error that ends a command with this code and without a message.
    package var exitCode: ExitCode { ExitCode(rawValue) }

    /// The commands that exit with this code.
    package var commands: String {
        switch self {
        case .success, .failure, .usage, .interrupted, .terminated: "all"
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
                + "unhealthy, a check of `provisioner test` failed, or `sync --wait` did not converge in time."
        case .hasChanges:
            "`plan`: the plan has actions, or changes that need an approval. `diff`: the revision changes a definition. "
                + "If there are none, the exit code is 0."
        case .nothingReady: "No workspace of the preset is ready to be claimed."
        case .leaseLost:
            "The claim ended while the command of `with` ran. Otherwise `with` exits with the status of the command, which is "
                + "128 plus the number of the signal if a signal ended it."
        case .usage: "A command, an option or an argument is wrong. `prewarm help COMMAND` shows the right ones."
        case .interrupted: "SIGINT (Ctrl-C) ended the command. The next run continues the unfinished operations."
        case .terminated: "SIGTERM ended the command. The next run continues the unfinished operations."
        }
    }
}
