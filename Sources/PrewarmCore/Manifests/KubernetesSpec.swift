/// The operator's description of the Kubernetes objects of a provisioner. Each workspace is one set of objects.
package struct KubernetesSpec: Hashable, Sendable {
    /// The path of the template file with the objects.
    package var template: String
    /// The path of a kubeconfig file; nil for the service account of the pod in which prewarm runs.
    package var kubeconfig: String?
    /// The context in the kubeconfig file; nil for its current context.
    package var context: String?
    /// The namespace of all objects; nil for that of the context or the service account.
    package var namespace: String?
    /// The address that the owner of a workspace gets; nil for none.
    package var endpoint: PlaceholderText?
    /// The longest time from the apply of the objects until all of them are ready.
    package var readyTimeout = Self.standardReadyTimeout
    /// The type of the condition that has to be true, by the kind of the object. It replaces the rule of the kind.
    package var readyConditions: [String: String] = [:]
    package var deletion = Deletion.foreground
    /// The kinds that earlier versions of the template had, whose objects are still listed and deleted.
    package var previousKinds: [ObjectKind] = []
    /// The changes that prepare the objects for the owner who claims the workspace; nil for none.
    package var handover: Handover?

    package static let standardReadyTimeout = Duration.seconds(300)

    package init(template: String) {
        self.template = template
    }

    /// The order in which the cluster deletes an object and the objects that it owns, for example the pods of a Deployment
    /// (https://kubernetes.io/docs/concepts/architecture/garbage-collection/#cascading-deletion).
    package enum Deletion: String, CaseIterable, Hashable, Sendable {
        /// The owned objects first. The object exists until they are gone.
        case foreground = "Foreground"
        /// The object first. Its owned objects are deleted later.
        case background = "Background"
    }

    /// The steps of a handover, in their order.
    package struct Handover: Hashable, Sendable {
        package var patches: [Patch] = []
        /// The program in a pod, which runs after the patches; nil for none.
        package var exec: Exec?

        package init() {}
    }

    /// A change of the first object of a kind. It adds or replaces the named entries.
    package struct Patch: Hashable, Sendable {
        package var kind: String
        package var labels: [String: PlaceholderText] = [:]
        package var annotations: [String: PlaceholderText] = [:]
        /// Entries of a Secret, in plain text. Only here may a claim parameter be a secret.
        package var stringData: [String: PlaceholderText] = [:]

        package init(kind: String) {
            self.kind = kind
        }
    }

    /// A program in a pod of the workspace.
    package struct Exec: Hashable, Sendable {
        /// The kind of the object whose pod runs the program: `Pod`, or a kind that has a selector of pods.
        package var kind: String
        /// The name of the container; nil for the first one.
        package var container: String?
        package var command: [PlaceholderText]

        package init(kind: String, container: String? = nil, command: [PlaceholderText]) {
            self.kind = kind
            self.container = container
            self.command = command
        }
    }
}

/// A kind of Kubernetes objects, for example `apps/v1` and `Deployment`.
package struct ObjectKind: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The group and the version. The core group has only the version.
    package let apiVersion: String
    package let kind: String

    package init(apiVersion: String, kind: String) {
        self.apiVersion = apiVersion
        self.kind = kind
    }

    /// The API group; empty for the core group.
    package var group: String {
        apiVersion.firstIndex(of: "/").map { String(apiVersion[..<$0]) } ?? ""
    }

    package static func < (left: ObjectKind, right: ObjectKind) -> Bool {
        (left.apiVersion, left.kind) < (right.apiVersion, right.kind)
    }

    package var description: String { "\(apiVersion) \(kind)" }
}
