import ArgumentParser
import PrewarmCore

/// The check of the names of commands and topics, before the parser sees the arguments.
extension Prewarm {
    /// Checks that the first words name a command, or after `help` a command or a topic.
    /// - Throws: ``CommandFailure`` with the name that was probably meant.
    static func checkNames(in arguments: [String]) throws(CommandFailure) {
        let isHelp = arguments.first == "help"
        var (commands, path) = (configuration.subcommands, isHelp ? "prewarm help" : "prewarm")
        for word in isHelp ? arguments.dropFirst() : arguments[...] {
            guard !commands.isEmpty, !word.hasPrefix("-"), word != "help" else { return }
            guard let command = commands.first(where: { $0.configuration.commandName == word }) else {
                let topics = path == "prewarm help" ? HelpTopic.allCases.map(\.rawValue) : []
                throw unknown(word, below: path, names: commands.compactMap { $0.configuration.commandName } + topics)
            }
            (commands, path) = (command.configuration.subcommands, "\(path) \(word)")
        }
    }

    private static func unknown(_ word: String, below path: String, names: [String]) -> CommandFailure {
        let shown = "\"\(word.printable.limited(to: 100))\""
        let isHelp = path.hasPrefix("prewarm help")
        return CommandFailure(
            isHelp ? "cannot show help: there is no command or topic \(shown)" : "unknown command \(shown)",
            hint: names.closest(to: word).map { "did you mean `\(path) \($0)`?" }
                ?? "see `\(isHelp ? "prewarm" : path) --help`",
            code: .usage)
    }
}
