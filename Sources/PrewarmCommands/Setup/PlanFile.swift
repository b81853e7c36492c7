import Foundation
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import SystemPackage

/// The file that `plan --out` writes and `sync --plan` reads. It has the plan for people, and digests by which `sync`
/// finds out whether the plan would be different now.
struct PlanFile {
    /// The digest of the plan for each source, by the name of the source.
    let digests: [String: String]
    /// The only preset of the plan; nil if the plan has all presets.
    let preset: String?

    static let kind = "prewarm-plan/v1"

    private struct Document: Codable {
        let kind: String
        let preset: String?
        let digests: [String: String]
    }

    /// Writes a plan to a file that only its owner can read.
    /// - Throws: ``CommandFailure`` if the file cannot be written.
    static func write(_ reports: [ReconcileReport], at time: Timestamp, preset: String?, to path: String) throws {
        let digests = reports.map { ($0.source, Value.string($0.plan.digest(revision: $0.revision))) }
        let value = Value.object(known: [
            "kind": .string(kind),
            "preset": preset.map { .string($0) },
            "digests": .object(digests),
            "plan": PlanDocument(plans: reports, at: time, for: .local).tree,
        ])
        do {
            // The plan may contain parameters, so that only the owner may read it, whatever the umask allows.
            let draft = FilePath("\(path).\(getpid())")
            let file = try FileDescriptor.open(
                draft, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
            do {
                try file.closeAfter { _ = try file.writeAll(value.json.utf8) }
                guard rename(draft.string, path) == 0 else { throw Errno(rawValue: errno) }
            } catch {
                unlink(draft.string)
                throw error
            }
        } catch {
            throw CommandFailure(
                "cannot write the plan to \(path): \(error)", hint: "name another file with --out")
        }
    }

    /// Reads a plan from a file.
    /// - Throws: ``CommandFailure`` if the file cannot be read or is not a plan.
    init(path: String) throws {
        let data = Data(
            try RegularFile.document(path, called: "the plan", writtenBy: "prewarm plan --out \(path)"))
        guard let document = try? JSONDecoder().decode(Document.self, from: data), document.kind == Self.kind else {
            throw CommandFailure(
                "cannot use \(path): it is not a plan of `prewarm plan --out`",
                hint: "write a plan with `prewarm plan --out FILE`", code: .invalid)
        }
        digests = document.digests
        preset = document.preset
    }
}
