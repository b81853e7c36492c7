import PrewarmCore
import PrewarmEngine

/// The labels and the name by which prewarm recognizes its containers and volumes.
enum ContainerLabels {
    static let workspace = "prewarm.workspace"
    static let provisioner = "prewarm.provisioner"
    static let store = "prewarm.store"
    static let operation = "prewarm.operation"
    static let preset = "prewarm.preset"
    static let name = "prewarm.name"
    static let version = "prewarm.version"

    /// Returns the name of the container of a workspace. Two creates of a workspace cannot make two containers, because the
    /// engine refuses a name that is taken. Nil if the id cannot be part of a name, so that there is no such container.
    static func containerName(_ id: WorkspaceID) -> String? {
        let isGood = id.rawValue.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(byte)
        }
        return isGood && (1...128).contains(id.rawValue.utf8.count) ? "prewarm-\(id.rawValue)" : nil
    }

    /// Returns the labels of the container of a workspace.
    static func all(_ request: ProvisionerRequest, provisioner: String) -> [String: String] {
        let workspace = request.workspace
        var labels = [
            Self.workspace: workspace.id.rawValue, Self.provisioner: provisioner, operation: request.id.rawValue,
            preset: workspace.preset.description, name: workspace.name, version: workspace.spec.version,
        ]
        labels[store] = request.store
        return labels
    }

    /// Returns true if a container with these labels is the one of the workspace.
    static func match(_ labels: [String: String], _ id: WorkspaceID, provisioner: String) -> Bool {
        labels[workspace] == id.rawValue && labels[Self.provisioner] == provisioner
    }
}

extension ListedWorkspace {
    /// Reads a container of a list; nil if it is not the container of a workspace. An image that was made from a workspace
    /// has the labels of the workspace, so the name has to match as well.
    init?(_ container: Value, provisioner: String) {
        let labels = container["Labels"]?.texts ?? [:]
        guard let text = labels[ContainerLabels.workspace] else { return nil }
        let id = WorkspaceID(text)
        guard ContainerLabels.match(labels, id, provisioner: provisioner),
            let name = ContainerLabels.containerName(id),
            container.list("Names").contains(where: { $0.string == "/\(name)" })
        else { return nil }
        self.init(
            id: id, state: Self.state(container.text("State") ?? "", container.text("Status") ?? ""),
            store: labels[ContainerLabels.store])
    }

    /// Returns the state in the words of the provisioner contract.
    /// - Parameters:
    ///   - state: The engine's word, for example `running`.
    ///   - status: The engine's text for people, which also has the result of the health check.
    private static func state(_ state: String, _ status: String) -> String {
        switch state {
        case "running": status.contains("(unhealthy)") ? "unhealthy" : "ready"
        case "created", "configured", "initialized", "restarting": "starting"
        case "removing", "stopping": "deleting"
        case "exited", "stopped", "dead", "paused": "stopped"
        default: state
        }
    }
}
