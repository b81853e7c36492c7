import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The operations that failed for the same cause. Output for people has one line for each group.
struct FailureGroup {
    private let cause: String
    /// The kinds of the operations, for example `delete`.
    private var kinds: [String] = []
    /// The names of the workspaces by preset, in the order in which they failed.
    private var presets: [(name: String, workspaces: [String])] = []
    /// The number of operations.
    private(set) var count = 0
    /// The largest number of attempts.
    private var attempts = 0
    /// The next attempt of any of the operations; nil if none is planned.
    private var next: Timestamp?

    /// Returns the groups of operation documents, in the order of their first operations.
    static func of(_ operations: [OperationDocument]) -> [FailureGroup] {
        var groups = Groups()
        for operation in operations {
            groups.add(
                operation.type.text, operation.error, preset: operation.preset, workspace: operation.workspaceLabel
            ) { group in
                group.attempts = max(group.attempts, operation.attempt)
                group.next = [group.next, operation.nextAttemptAt].compactMap(\.self).min()
            }
        }
        return groups.all
    }

    /// Returns the groups of operations. Several attempts of one operation count as one.
    static func of(_ operations: [Operation]) -> [FailureGroup] {
        var (groups, seen): (Groups, Set<OperationID>) = (Groups(), [])
        for operation in operations where seen.insert(operation.id).inserted {
            groups.add(
                operation.kind.rawValue, operation.error, preset: operation.preset.name,
                workspace: Workspace.name(preset: operation.preset.name, id: operation.workspace))
        }
        return groups.all
    }

    /// The cause with the workspaces, for example `exit code 3: no space left (3 workspaces of go-small)`.
    var text: String {
        if presets.count == 1, presets[0].workspaces.count == 1 { return "\(cause) (\(presets[0].workspaces[0]))" }
        let parts = presets.prefix(5).map { "\(counted($0.workspaces.count, "workspace")) of \($0.name)" }
        let more = presets.count > 5 ? ", and \(counted(presets.count - 5, "more preset"))" : ""
        return "\(cause) (\(parts.joined(separator: ", "))\(more))"
    }

    /// Returns ``text`` with the failed kinds of operations, the attempts and the next attempt.
    func sentence(_ times: ShownTimes) -> String {
        let next = next.map { ", next attempt \(times.relative($0))" } ?? ""
        return "\(text): cannot \(kinds.joined(separator: " or ")) after \(counted(attempts, "attempt"))\(next)"
    }

    private init(cause: String) {
        self.cause = cause
    }

    private struct Groups {
        private(set) var all: [FailureGroup] = []
        private var places: [String: Int] = [:]

        mutating func add(
            _ kind: String, _ error: String?, preset: String, workspace: String,
            more: (inout FailureGroup) -> Void = { _ in }
        ) {
            let cause = error?.cause ?? Operation.withoutCause
            let place = places[cause] ?? all.count
            if place == all.count {
                places[cause] = place
                all.append(FailureGroup(cause: cause))
            }
            all[place].count += 1
            if !all[place].kinds.contains(kind) { all[place].kinds.append(kind) }
            all[place].add(workspace, of: preset)
            more(&all[place])
        }
    }

    private mutating func add(_ workspace: String, of preset: String) {
        guard let place = presets.firstIndex(where: { $0.name == preset }) else {
            return presets.append((preset, [workspace]))
        }
        if !presets[place].workspaces.contains(workspace) { presets[place].workspaces.append(workspace) }
    }
}
