import ArgumentParser
import PrewarmCore
import PrewarmEngine

/// The search for an option that a command does not have. It runs only after the parser has refused the arguments.
enum UnknownOption {
    /// Returns the error about the first option of the arguments that their command does not have; nil if it has all of
    /// them. Short options stay with the parser, because several can be in one word.
    static func failure(in arguments: some Sequence<String>) -> CommandFailure? {
        guard var command = try? JSONReader.read(Array(Prewarm._dumpHelp().utf8))["command"] else { return nil }
        var path = "prewarm"
        var words = Array(arguments.prefix { $0 != "--" })[...]
        while let word = words.first, let next = command.list("subcommands").first(where: { $0.names(word) }) {
            (command, path) = (next, "\(path) \(word)")
            words = words.dropFirst()
        }
        let known = command.longOptions + ["help", "version", "help-hidden"]
        for word in words where word.hasPrefix("--") {
            let name = String(word.dropFirst(2).prefix { $0 != "=" })
            guard !known.contains(name) else { continue }
            return CommandFailure(
                "unknown option \"--\(name.printable.limited(to: 100))\"",
                hint: known.closest(to: name).map { "did you mean `--\($0)`?" } ?? "see `\(path) --help`",
                code: .usage)
        }
        return nil
    }
}

extension Value {
    fileprivate func names(_ word: String) -> Bool { text("commandName") == word }

    /// The names of the options that begin with two dashes, without them.
    fileprivate var longOptions: [String] {
        list("arguments").flatMap { $0.list("names") }.filter { $0.text("kind") == "long" }.compactMap {
            $0.text("name")
        }
    }
}
