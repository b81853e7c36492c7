import PrewarmCore

@testable import PrewarmManifests

/// Returns a preset named `go` with these lines as its spec. The first of them is line 6.
func presetText(_ spec: String) -> String {
    """
    apiVersion: prewarm/v1
    kind: Preset
    metadata:
      name: go
    spec:
    \(indented(spec))

    """
}

/// Returns a template named `go-dev` with these lines as its spec. The first of them is line 6.
func templateText(_ spec: String) -> String {
    """
    apiVersion: prewarm/v1
    kind: Template
    metadata:
      name: go-dev
    spec:
    \(indented(spec))

    """
}

private func indented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
}

func parse(_ text: String) -> ParsedFile { ManifestParser.parse(Array(text.utf8)) }

extension Diagnostic {
    /// The diagnostic in the form `6:3 message | hint`.
    var brief: String {
        let place = position.map { "\($0.line):\($0.column) " } ?? ""
        return place + message + (hint.map { " | " + $0 } ?? "")
    }
}

/// Returns a configuration of 7 lines, followed by `more`. If `source` is given, it is line 6, before the provisioners.
func configurationText(_ more: String = "", source: String = "") -> String {
    let lines = [
        "apiVersion: prewarm/v1", "kind: Config", "sources:", "  - name: presets", "    url: ../presets",
        source.isEmpty ? nil : "    \(source)", "provisioners:", "  - {name: local, command: [./provision]}",
        more.isEmpty ? nil : more,
    ]
    return lines.compactMap(\.self).map { $0 + "\n" }.joined()
}
