import Foundation
import PrewarmCore
import PrewarmEngine
import SystemPackage

/// What `plan --out` writes and `sync --plan` carries out: the plan for people to read, and what binds it to the world
/// that it was made from.
struct PlanFile {
    /// By source, in the order of their names.
    let digests: [String: String]
    /// The plan is about this preset alone.
    let preset: String?

    static let kind = "prewarm-plan/v1"

    private struct Document: Codable {
        let kind: String
        let preset: String?
        let digests: [String: String]
    }

    static func write(_ reports: [TurnReport], at time: Timestamp, preset: String?, to path: String) throws {
        let digests = reports.map { ($0.source, Value.string($0.plan.digest(revision: $0.revision))) }
        let value = Value.object(known: [
            "kind": .string(kind),
            "preset": preset.map { .string($0) },
            "digests": .object(digests),
            "plan": Value(plans: reports, at: time, for: .local),
        ])
        do {
            // Parameters may be in it: it is for its owner alone, whatever the umask allows.
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
            throw CommandFailure("cannot write the plan to \(path): \(error)")
        }
    }

    /// - Throws: ``CommandFailure``
    init(path: String) throws {
        guard let data = try? Data(RegularFile.bytes(path, limit: 1 << 30)) else {
            throw CommandFailure("the plan \(path) can't be read", hint: "write it with `prewarm plan --out \(path)`")
        }
        guard let document = try? JSONDecoder().decode(Document.self, from: data), document.kind == Self.kind else {
            throw CommandFailure("\(path) is no plan", hint: "write one with `prewarm plan --out FILE`")
        }
        digests = document.digests
        preset = document.preset
    }
}
