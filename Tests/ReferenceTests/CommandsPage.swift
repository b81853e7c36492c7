import Foundation
import PrewarmEngine
import Subprocess
import SystemPackage

/// The page of all commands, from the description that the argument parser prints.
enum CommandsPage {
    static func make() async throws -> ReferencePage {
        let result = try await Subprocess.run(
            .path(binary), arguments: ["--experimental-dump-help"], output: .string(limit: 16 << 20), error: .discarded)
        let root = try JSONReader.read(Array(result.standardOutput.utf8))["command"] ?? .null
        let commands = root.list("subcommands").filter { $0.text("commandName") != "help" }.flatMap {
            leaves($0, "prewarm")
        }
        let common = commonOptions(commands.map(\.value))
        var list = MarkdownTable(columns: ["command", "purpose"])
        list.rows = commands.map { ["`\($0.name)`", $0.value.text("abstract") ?? ""] }
        var options = MarkdownTable(columns: ["option", "meaning"])
        options.rows = common.map { ["`\(usage($0))`", meaning($0)] }
        let body =
            list.text
            + "\n## Common options\n\nMost commands have these options. `--help` shows those of a command.\n\n"
            + options.text + commands.map { section($0.name, $0.value, without: common) }.joined()
        return ReferencePage(
            name: "ReferenceCommands", title: "Commands",
            abstract:
                "Each command with its arguments, its options and examples, as `prewarm help COMMAND` shows them.",
            body: body)
    }

    /// The path of the binary, which is beside the test bundle.
    private static var binary: FilePath {
        let directory = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return FilePath(directory.appending(path: "prewarm").path)
    }

    private static func leaves(_ command: Value, _ parent: String) -> [(name: String, value: Value)] {
        let name = "\(parent) \(command.text("commandName") ?? "")"
        let subcommands = command.list("subcommands").filter { $0.text("commandName") != "help" }
        return subcommands.isEmpty ? [(name, command)] : subcommands.flatMap { leaves($0, name) }
    }

    /// Returns the options that at least ten commands have.
    private static func commonOptions(_ commands: [Value]) -> [Value] {
        var counts: [String: Int] = [:]
        var all: [Value] = []
        for argument in commands.flatMap({ $0.list("arguments") }) where isShown(argument) {
            if counts[argument.json, default: 0] == 0 { all.append(argument) }
            counts[argument.json, default: 0] += 1
        }
        return all.filter { counts[$0.json, default: 0] >= 10 }
    }

    private static func isShown(_ argument: Value) -> Bool {
        argument["shouldDisplay"]?.bool ?? true
    }

    private static func section(_ name: String, _ command: Value, without common: [Value]) -> String {
        let known = Set(common.map(\.json))
        let own = command.list("arguments").filter { isShown($0) && !known.contains($0.json) }
        let positional = own.filter { $0.text("kind") == "positional" }
        let hasOptions = command.list("arguments").contains { isShown($0) && $0.text("kind") != "positional" }
        let line = [name, hasOptions ? "[OPTIONS]" : ""] + positional.map(usage)
        let discussion = command.text("discussion") ?? ""
        let parts = discussion.components(separatedBy: "Examples:\n")
        let prose = parts[0].split(separator: "\n\n").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        let examples = parts.dropFirst().joined().split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        var text = "\n## \(name)\n\n\(command.text("abstract") ?? "")\n\n"
        text += "Usage: `\(line.filter { !$0.isEmpty }.joined(separator: " "))`\n"
        text += prose.filter { !$0.isEmpty }.map { "\n\($0)\n" }.joined()
        if !own.isEmpty {
            var table = MarkdownTable(columns: ["argument or option", "meaning"])
            table.rows = own.map { ["`\(usage($0))`", meaning($0)] }
            text += "\n" + table.text
        }
        if !examples.isEmpty { text += "\n```sh\n" + examples.joined(separator: "\n") + "\n```\n" }
        return text
    }

    /// Returns an argument as a user writes it, for example `--rev REV`.
    private static func usage(_ argument: Value) -> String {
        let value = (argument.text("valueName") ?? "").uppercased()
        let isOptional = argument["isOptional"]?.bool ?? false
        let more = argument["isRepeating"]?.bool == true ? " …" : ""
        switch argument.text("kind") {
        case "positional": return isOptional ? "[\(value)\(more)]" : value + more
        case "flag": return names(argument)
        default: return "\(names(argument)) \(value)\(more)"
        }
    }

    private static func names(_ argument: Value) -> String {
        argument.list("names").map { name in
            (name.text("kind") == "long" ? "--" : "-") + (name.text("name") ?? "")
        }.joined(separator: ", ")
    }

    private static func meaning(_ argument: Value) -> String {
        var text = argument.text("abstract") ?? ""
        let values = argument.list("allValues").compactMap(\.string)
        if !values.isEmpty { text += " One of \(values.map { "`\($0)`" }.joined(separator: ", "))." }
        if let value = argument.text("defaultValue"), !text.contains("(default:") { text += " Default: `\(value)`." }
        return text
    }
}
