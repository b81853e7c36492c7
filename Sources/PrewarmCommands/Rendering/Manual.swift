import PrewarmCore
import PrewarmEngine

/// The manual pages of prewarm, from the description of its commands: one for the program and one for each command.
struct Manual {
    struct Page {
        /// The name of the file, for example `prewarm-token-create.1`.
        let name: String
        /// The page in the format of man(7).
        let text: String
    }

    let pages: [Page]

    /// Makes the pages.
    /// - Parameter date: the date below each page, for example `2026-11-30`.
    init(date: String) throws {
        let root = try JSONReader.read(Array(Prewarm._dumpHelp().utf8))["command"] ?? .null
        let commands = Self.leaves(of: root, below: ["prewarm"])
        pages =
            [Self.overview(root, commands, date: date)]
            + commands.map { Self.page(of: $0, beside: commands, date: date) }
    }

    /// A command that can be run, with the words of its name.
    private struct Command {
        let words: [String]
        let value: Value

        var name: String { words.joined(separator: " ") }
        var page: String { words.joined(separator: "-") }
        var arguments: [Value] { value.list("arguments").filter { $0["shouldDisplay"]?.bool ?? true } }
    }

    private static func leaves(of command: Value, below words: [String]) -> [Command] {
        let commands = command.list("subcommands").filter {
            $0.text("commandName") != "help" && $0["shouldDisplay"]?.bool ?? true
        }
        return commands.flatMap { command -> [Command] in
            let own = words + [command.text("commandName") ?? ""]
            let below = leaves(of: command, below: own)
            return below.isEmpty ? [Command(words: own, value: command)] : below
        }
    }

    // MARK: Pages

    private static func overview(_ root: Value, _ commands: [Command], date: String) -> Page {
        var roff = Roff(title: "prewarm", date: date)
        roff.section("NAME")
        roff.name("prewarm", abstract(root))
        roff.section("SYNOPSIS")
        roff.line(".B prewarm\n.I command\n[\\fIoptions\\fR]\n[\\fIarguments\\fR]")
        roff.section("DESCRIPTION")
        roff.text(
            "Platform teams define pools of workspaces in a git repository. prewarm builds the workspaces before "
                + "anyone asks, replaces outdated ones, and gives a user a running one.")
        roff.section("COMMANDS")
        for command in commands {
            roff.item(".BR \(Roff.escaped(command.page)) (1)", command.value.text("abstract") ?? "")
        }
        for topic in HelpTopic.allCases where topic != .formats { roff.topic(topic) }
        roff.section("FILES")
        roff.item(".I ./prewarm.yaml", "The configuration in the current folder.")
        roff.item(".I /etc/prewarm/prewarm.yaml", "The configuration of this machine, if there is no ./prewarm.yaml.")
        roff.item(".I ~/.config/prewarm/contexts.yaml", "The daemons that you are logged in to, with their tokens.")
        roff.section("SEE ALSO")
        roff.line(list(commands))
        return Page(name: "prewarm.1", text: roff.document)
    }

    private static func page(of command: Command, beside commands: [Command], date: String) -> Page {
        var roff = Roff(title: command.page, date: date)
        roff.section("NAME")
        roff.name(command.page, abstract(command.value))
        roff.section("SYNOPSIS")
        let positional = command.arguments.filter { $0.text("kind") == "positional" }
        let options = command.arguments.filter { $0.text("kind") != "positional" }
        roff.line(".B \(Roff.escaped(command.name))")
        if !options.isEmpty { roff.line("[\\fIoptions\\fR]") }
        for argument in positional { roff.line(usage(argument)) }
        let parts = (command.value.text("discussion") ?? "").split(separator: "Examples:\n", maxSplits: 1)
        roff.section("DESCRIPTION")
        roff.text(command.value.text("abstract") ?? "")
        for paragraph in (parts.first.map(String.init) ?? "").split(separator: "\n\n") where paragraph != " " {
            roff.paragraph(String(paragraph))
        }
        if !positional.isEmpty {
            roff.section("ARGUMENTS")
            for argument in positional { roff.item(usage(argument), meaning(argument)) }
        }
        if !options.isEmpty {
            roff.section("OPTIONS")
            for argument in options { roff.item(usage(argument), meaning(argument)) }
        }
        if parts.count == 2 { roff.examples(String(parts[1])) }
        roff.section("EXIT STATUS")
        roff.text("Section EXIT STATUS of prewarm(1) lists the exit codes.")
        roff.section("SEE ALSO")
        // The commands of the same group are the most likely next pages.
        let beside = commands.filter { $0.words.dropLast() == command.words.dropLast() && $0.name != command.name }
        roff.line(".BR prewarm (1)" + (command.words.count > 2 && !beside.isEmpty ? ",\n" + list(beside) : ""))
        return Page(name: "\(command.page).1", text: roff.document)
    }

    // MARK: Parts

    private static func list(_ commands: [Command]) -> String {
        commands.map { ".BR \(Roff.escaped($0.page)) (1)" }.joined(separator: " ,\n")
    }

    /// The abstract as a part of the line NAME, which has no period.
    private static func abstract(_ command: Value) -> String {
        let text = command.text("abstract") ?? ""
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    private static func usage(_ argument: Value) -> String {
        let value = "\\fI\(Roff.escaped(argument.text("valueName") ?? ""))\\fR"
        let more = argument["isRepeating"]?.bool == true ? " \\&..." : ""
        switch argument.text("kind") {
        case "positional": return argument["isOptional"]?.bool == true ? "[\(value)\(more)]" : value + more
        case "flag": return names(argument)
        default: return "\(names(argument)) \(value)\(more)"
        }
    }

    private static func names(_ argument: Value) -> String {
        argument.list("names").map { name in
            "\\fB" + Roff.escaped((name.text("kind") == "long" ? "--" : "-") + (name.text("name") ?? "")) + "\\fR"
        }.joined(separator: ", ")
    }

    private static func meaning(_ argument: Value) -> String {
        var text = argument.text("abstract") ?? ""
        let values = argument.list("allValues").compactMap(\.string)
        if !values.isEmpty { text += " One of \(values.joined(separator: ", "))." }
        if let value = argument.text("defaultValue"), !text.contains("(default") { text += " Default: \(value)." }
        return text
    }
}
