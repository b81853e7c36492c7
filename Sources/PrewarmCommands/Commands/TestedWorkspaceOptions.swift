import ArgumentParser
import PrewarmCore

/// The options of `provisioner test` that say which workspaces it builds.
struct TestedWorkspaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Build workspaces of this preset: NAME or SOURCE/NAME.", valueName: "name"),
        completion: .presets)
    var preset: String?

    @Option(
        help: ArgumentHelp("Build workspaces of this template, with the defaults of its parameters.", valueName: "name")
    )
    var template: String?

    @Option(
        help: ArgumentHelp(
            "The version to build (default: the one of the preset, or the active version of the template).",
            valueName: "version"))
    var templateVersion: String?

    @Option(
        help: ArgumentHelp(
            "Read the manifests of this folder (default: the newest commits of the sources).", valueName: "dir"),
        completion: .directory)
    var path: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("A parameter of the workspaces. You can repeat the option.", valueName: "name=value"))
    var parameters: [String] = []

    @Option(
        name: .customLong("invalid"), parsing: .singleValue,
        help: ArgumentHelp(
            """
            A parameter that the provisioner has to refuse. You can repeat the option (default: the version \
            \(TestedWorkspace.invalidVersion)).
            """, valueName: "name=value"))
    var invalid: [String] = []

    func validate() throws {
        if let preset, let template {
            throw ValidationError("cannot use --preset \(preset) with --template \(template): choose one")
        }
        for (option, text) in parameters.map({ ("--set", $0) }) + invalid.map({ ("--invalid", $0) }) {
            guard let index = text.firstIndex(of: "="), index != text.startIndex else {
                throw ValidationError("invalid \(option) \"\(text.printable)\": it must be NAME=VALUE")
            }
        }
    }
}
