import ArgumentParser
import Foundation
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The options for the parameters of a claim.
struct ClaimParameterOptions: ParsableArguments {
    @Option(
        name: .customLong("param"), parsing: .singleValue,
        help: ArgumentHelp("A claim parameter of the template. You can repeat the option.", valueName: "name=value"))
    var parameters: [String] = []

    @Option(
        name: .customLong("secret-file"), parsing: .singleValue,
        help: ArgumentHelp(
            "A claim parameter whose value is in a file, without the line feed at its end; - reads standard input.",
            valueName: "name=file"))
    var secretFiles: [String] = []

    func validate() throws {
        let names = (parameters + secretFiles).map { $0.prefix { $0 != "=" } }
        for (option, text) in parameters.map({ ("--param", $0) }) + secretFiles.map({ ("--secret-file", $0) }) {
            guard let index = text.firstIndex(of: "="), index != text.startIndex else {
                // The text may be a secret, so it is not repeated.
                throw ValidationError("invalid \(option): it must be NAME=\(option == "--param" ? "VALUE" : "FILE")")
            }
        }
        if let twice = Dictionary(grouping: names, by: \.self).first(where: { $1.count > 1 })?.key {
            throw ValidationError("the claim parameter \(twice) is given twice")
        }
        guard secretFiles.count(where: { $0.hasSuffix("=-") }) <= 1 else {
            throw ValidationError("invalid --secret-file: only one can read standard input")
        }
        guard names.count <= ClaimValues.mostParameters else {
            throw ValidationError("a claim has at most \(ClaimValues.mostParameters) parameters, not \(names.count)")
        }
    }

    /// Returns the parameters for the body of a request; nil if there are none.
    /// - Throws: ``CommandFailure`` if a file cannot be read.
    func values() throws -> Value? {
        var members: [(key: String, value: Value)] = []
        for text in parameters {
            let (name, value) = Self.parts(of: text)
            members.append((name, .string(value)))
        }
        for text in secretFiles {
            let (name, file) = Self.parts(of: text)
            members.append((name, .string(try Self.secret(name, in: file))))
        }
        return members.isEmpty ? nil : .object(members)
    }

    /// Refuses a secret parameter in `--param`, since other users of the machine can read arguments.
    /// - Parameter preset: The name of the preset; nil if the claim may get a workspace of any preset.
    func refuseSecretArguments(of preset: String?, in session: Session) async throws {
        let names = Set(parameters.map { Self.parts(of: $0).name })
        guard !names.isEmpty else { return }
        for template in try await templates(of: preset, in: session) {
            let secrets = (template.claim?.parameters ?? []).filter { $0.secret == true }
            guard let name = secrets.map(\.name).first(where: names.contains) else { continue }
            throw CommandFailure(
                "invalid --param \(name): the parameter is a secret, and other users can read arguments",
                hint: "give it in a file: --secret-file \(name)=FILE, or --secret-file \(name)=- for standard input",
                code: .usage)
        }
    }

    /// Returns the templates that a claim may get a workspace of: that of the preset, or all templates if the preset is nil or
    /// deprecated, since claims of a deprecated preset may be redirected.
    private func templates(of preset: String?, in session: Session) async throws -> [TemplateDocument] {
        guard let preset else { return try await session.get("templates") }
        var templates: [TemplateDocument] = []
        let presets: [PresetDocument] = try await session.get("presets", query: ["name": preset])
        for found in presets {
            guard found.conditions[.deprecated] == nil else { return try await session.get("templates") }
            let ofName: [TemplateDocument] = try await session.get("templates", query: ["name": found.template])
            templates += ofName.filter { $0.source == found.source }
        }
        return templates
    }

    private static func parts(of text: String) -> (name: String, value: String) {
        let name = text.prefix { $0 != "=" }
        return (String(name), String(text[text.index(after: name.endIndex)...]))
    }

    private static func secret(_ name: String, in file: String) throws -> String {
        let bytes: [UInt8]
        do {
            bytes =
                file == "-"
                ? Array(try FileHandle.standardInput.read(upToCount: ClaimValues.valueLimit + 2) ?? Data())
                : try RegularFile.bytes(file, limit: ClaimValues.valueLimit + 2)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(
                "cannot read the claim parameter \(name): \(file) cannot be read or is too long", code: .invalid)
        }
        guard var text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure("cannot read the claim parameter \(name): it is not UTF-8", code: .invalid)
        }
        if text.hasSuffix("\n") { text.removeLast() }
        guard text.utf8.count <= ClaimValues.valueLimit else {
            throw CommandFailure(
                "cannot read the claim parameter \(name): it has more than \(ClaimValues.valueLimit >> 10) KiB",
                code: .invalid)
        }
        return text
    }
}

extension Console {
    /// Writes the credentials in an answer, which only its owner gets.
    func writeCredentials(of workspace: WorkspaceDocument) {
        let credentials = workspace.credentials?.pairs ?? []
        guard !credentials.isEmpty else { return }
        var table = Table(["", ""], flexible: "")
        for (name, value) in credentials { table.add([.init(name, .dim), .init(value)]) }
        write(table.rowsText(color: colorsOutput))
    }
}
