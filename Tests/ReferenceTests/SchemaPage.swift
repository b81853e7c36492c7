import Foundation
import PrewarmEngine

/// The pages of manifests and of the configuration, from the JSON Schemas.
enum SchemaPage {
    static func manifests() throws -> ReferencePage {
        let preset = try fields("preset")
        let template = try fields("template")
        return ReferencePage(
            name: "ReferenceManifests", title: "Fields of manifests",
            abstract: "Each field of presets and templates, with its type, default and limits.",
            body: """
                <doc:WritePresets> explains the fields by an example. A field of a list has `[]` in its name. A \
                duration is a text such as `90s`, `15m`, `24h` or `7d`. `null` counts as absent.

                ## Preset

                \(preset.text)
                ## Template

                \(template.text)
                """)
    }

    static func configuration() throws -> ReferencePage {
        let all = try fields("config")
        var names: [String] = []
        var sections: [String: MarkdownTable] = [:]
        for row in all.rows {
            let key = String(row[0].dropFirst().prefix { $0.isLetter })
            let section = ["apiVersion", "kind", "store"].contains(key) ? "The file" : key
            if sections[section] == nil { names.append(section) }
            sections[section, default: MarkdownTable(columns: all.columns)].rows.append(row)
        }
        return ReferencePage(
            name: "ReferenceConfiguration", title: "Keys of the configuration",
            abstract: "Each key of the configuration file, with its type, default and limits.",
            body:
                "<doc:Configure> explains the keys by task. A key of a list has `[]` in its name. A duration is a text such "
                + "as `90s`, `15m`, `24h` or `7d`. `null` counts as absent. `${NAME}` in a value is the environment variable "
                + "`NAME`.\n"
                + names.map { "\n## \($0)\n\n\(sections[$0]?.text ?? "")" }.joined())
    }

    private static func fields(_ name: String) throws -> MarkdownTable {
        let data = try Data(contentsOf: ReferencePage.root.appending(path: "schemas/\(name).json"))
        let schema = Schema(try JSONReader.read(Array(data)))
        var table = MarkdownTable(columns: ["field", "type", "default", "limits", "meaning"])
        for field in schema.fields(below: "") { table.rows.append(row(field)) }
        return table
    }

    private static func row(_ field: Schema.Field) -> [String] {
        let stated = field.schema.value["default"].map { "`\($0.compactJSON.trimmingCharacters(in: .newlines))`" } ?? ""
        let rules = field.schema.rules.map { " \($0)" }.joined()
        return [
            "`\(field.path)`", field.schema.type, field.isRequired ? "required" : stated, field.schema.limits,
            (field.schema.value.text("description") ?? "") + rules,
        ]
    }
}
