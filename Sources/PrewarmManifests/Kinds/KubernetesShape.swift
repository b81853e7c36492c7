import PrewarmCore

extension ObjectShape {
    /// The description of the Kubernetes objects of a provisioner.
    static let kubernetes = ObjectShape(
        "kubernetes", rule: .needs("context", ["kubeconfig"]),
        [
            .required(
                "template", path, "A file of YAML with the objects of one workspace, as one document for each object."),
            .optional(
                "kubeconfig", path,
                """
                A kubeconfig file with the address and the login of the cluster \
                (default: the service account of the pod in which prewarm runs).
                """),
            .optional(
                "context", .text(.text("the name of a context", maximum: 253)),
                "The context of the kubeconfig file (default: its current context)."),
            .optional(
                "namespace", .text(.name),
                "The namespace of the objects (default: the one of the context or of the service account)."),
            .optional(
                "endpoint", .text(.objectAddress),
                """
                The address that the owner of a workspace gets. {KIND.FIELD} stands for a field of the first object of \
                the kind, for example {Service.spec.clusterIP} or {Pod.status.podIP}.
                """),
            .optional(
                "readyTimeout", .duration(minimum: .seconds(1)),
                "The longest time from the apply of the objects until all of them are ready.",
                default: .duration(KubernetesSpec.standardReadyTimeout)),
            .optional(
                "readyConditions",
                .map(key: .objectKind, value: .text(.conditionType)),
                """
                The type of the condition that has to be true, by the kind of the object. \
                It replaces the usual rule of the kind.
                """),
            .optional(
                "deletion", .text(.choice(KubernetesSpec.Deletion.allCases.map(\.rawValue))),
                """
                The order of a delete: with Foreground, it has ended when also the objects that belong to the deleted \
                ones are gone, for example the pods of a Deployment.
                """,
                default: .text(KubernetesSpec.Deletion.foreground.rawValue)),
            .optional(
                "previousKinds", .list(.object(previousKind), minimum: 0, maximum: ObjectTemplate.most),
                """
                The kinds that earlier versions of the template had. prewarm still finds and deletes their objects.
                """,
                default: .list([])),
            .optional(
                "handover", .object(handover),
                """
                The steps that prepare the objects for the owner who claims the workspace (default: none). \
                With it, the provisioner offers the operation claim.
                """),
        ])

    private static let path = Shape.text(.text("a path", maximum: 4096))

    private static let previousKind = ObjectShape(
        "kind",
        [
            .required("apiVersion", .text(.objectVersion), "The API version of the kind, for example apps/v1."),
            .required("kind", .text(.objectKind), "The kind, for example Deployment."),
        ])

    private static let handover = ObjectShape(
        "handover",
        [
            .optional(
                "patch", .list(.object(patch), minimum: 1, maximum: ObjectTemplate.most),
                "Changes of objects, in this order."),
            .optional("exec", .object(exec), "A program in a pod, which runs after the changes."),
        ])

    private static let patch = ObjectShape(
        "patch",
        [
            .required("kind", .text(.objectKind), "The kind of the object. The first object of the kind is changed."),
            .optional(
                "labels", .map(key: .labelKey, value: handoverText),
                "Labels of the object, which are added or replaced."
            ),
            .optional(
                "annotations", .map(key: .labelKey, value: handoverText),
                "Annotations of the object, which are added or replaced."),
            .optional(
                "stringData", .map(key: .secretKey, value: handoverText),
                """
                Entries of a Secret in plain text, which are added or replaced. \
                Only here may a placeholder have the value of a secret claim parameter.
                """),
        ])

    private static let exec = ObjectShape(
        "exec",
        [
            .required(
                "kind", .text(.objectKind),
                "The kind of the object whose pod runs the program: Pod, or a kind with a selector of pods."),
            .optional("container", .text(.name), "The container of the pod (default: the first one)."),
            .required(
                "command", .list(handoverText, minimum: 1, maximum: 256),
                """
                The program and its arguments. It gets the request of the claim as JSON on standard input, and answers \
                with one JSON object on standard output.
                """),
        ])

    private static let handoverText = Shape.text(
        .placeholders("text", minimum: 0, maximum: 65_536, vocabulary: .handover))
}
