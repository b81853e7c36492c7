import PrewarmCore
import PrewarmEngine

/// The labels and annotations by which prewarm recognizes its objects.
enum ObjectLabels {
    static let manager = "prewarm"
    static let workspace = "prewarm/workspace"
    static let provisioner = "prewarm/provisioner"
    static let store = "prewarm/store"
    /// The annotation with all objects of the workspace, for example `Pod/go-x Deployment.apps/go-x`.
    static let objects = "prewarm/objects"
    private static let preset = "prewarm/preset"
    private static let version = "prewarm/version"

    /// Returns the labels of the objects of a workspace.
    static func labels(_ request: ProvisionerRequest, provisioner: String) -> [String: String] {
        var labels = [
            ObjectTemplate.managedByLabel: manager, workspace: request.workspace.id.rawValue,
            Self.provisioner: provisioner,
        ]
        labels[store] = request.store
        return labels
    }

    /// Returns the annotations of the objects of a workspace.
    static func annotations(_ request: ProvisionerRequest, objects: [String]) -> [String: String] {
        [
            Self.objects: objects.joined(separator: " "), preset: request.workspace.preset.description,
            version: request.workspace.spec.version,
        ]
    }

    /// The selector of all objects of a provisioner.
    static func selector(provisioner: String) -> String {
        "\(ObjectTemplate.managedByLabel)=\(manager),\(Self.provisioner)=\(provisioner)"
    }

    /// The selector of the objects of one workspace.
    static func selector(_ id: WorkspaceID, provisioner: String) -> String {
        "\(selector(provisioner: provisioner)),\(workspace)=\(id)"
    }

    /// Returns true if an object belongs to the workspace.
    static func match(_ object: Value, _ id: WorkspaceID, provisioner: String) -> Bool {
        let labels = object["metadata"]?["labels"]
        return labels?.text(workspace) == id.rawValue && labels?.text(Self.provisioner) == provisioner
            && labels?.text(ObjectTemplate.managedByLabel) == manager
    }

    /// Returns true if an id can be the value of a label. prewarm makes no objects for other ids.
    static func isLabelValue(_ id: WorkspaceID) -> Bool {
        let bytes = id.rawValue.utf8
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
        }
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || [45, 46, 95].contains($0) }
    }
}

extension ObjectKind {
    /// The kind with its group, for example `Deployment.apps`.
    var qualifiedName: String { group.isEmpty ? kind : "\(kind).\(group)" }
}

extension Value {
    /// The kind of a Kubernetes object.
    var objectKind: ObjectKind { ObjectKind(apiVersion: text("apiVersion") ?? "", kind: text("kind") ?? "") }
    /// The name of a Kubernetes object.
    var objectName: String { self["metadata"]?.text("name") ?? "" }
    /// The kind and the name in ``ObjectLabels/objects``, for example `Deployment.apps/go-x`.
    var objectReference: String { "\(objectKind.qualifiedName)/\(objectName)" }
    /// The unique identity of a Kubernetes object, which another object of the same name does not have.
    var objectUID: String { self["metadata"]?.text("uid") ?? "" }
    /// True if the object is being deleted.
    var isTerminating: Bool { self["metadata"]?.text("deletionTimestamp") != nil }
    /// The kind and the name for messages, for example `Pod go-x`.
    var objectTitle: String {
        "\((text("kind") ?? "object").printable.limited(to: 63)) \(objectName.printable.limited(to: 253))"
    }
}
