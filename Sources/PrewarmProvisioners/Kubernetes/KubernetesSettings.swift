package import PrewarmCore
package import PrewarmEngine

/// The settings of a provisioner that applies Kubernetes objects for each workspace.
package struct KubernetesSettings: Sendable {
    /// The name that templates use.
    package var name: String
    package var spec: KubernetesSpec
    /// The number of operations that may run at once.
    package var concurrency: Int
    /// The part of ``concurrency`` that is reserved for operations for which a user waits; nil for the standard number.
    package var reserve: Int?
    /// The limit of one operation.
    package var timeout: Duration
    /// A function that reads the template, and the address and the login of the cluster. It is called for each operation on
    /// a thread of its own, since it reads files.
    package var load: @Sendable () -> Result<KubernetesFiles, OperationFailure>
    /// The runner of credential plugins.
    package var tools: any ToolRunner
    /// The longest time of one watch, after which the objects are listed again. It bounds how long a connection that died
    /// without a word stays unnoticed.
    var watchTime = Duration.seconds(30)

    package init(
        name: String, spec: KubernetesSpec, concurrency: Int = 4, reserve: Int? = nil,
        timeout: Duration = .seconds(600),
        tools: any ToolRunner,
        load: @escaping @Sendable () -> Result<KubernetesFiles, OperationFailure>
    ) {
        self.name = name
        self.spec = spec
        self.concurrency = concurrency
        self.reserve = reserve
        self.timeout = timeout
        self.tools = tools
        self.load = load
    }
}

/// The contents of the files of a provisioner of Kubernetes objects.
package struct KubernetesFiles: Sendable {
    package let access: ClusterAccess
    /// The objects of one workspace, in the order in which they are applied.
    package let templates: [ObjectTemplate]

    package init(access: ClusterAccess, templates: [ObjectTemplate]) {
        self.access = access
        self.templates = templates
    }

    /// Returns the kinds that are listed and deleted, each one once, in the order in which they are applied.
    func kinds(_ spec: KubernetesSpec) -> [ObjectKind] {
        var seen: Set<ObjectKind> = []
        return (templates.map(\.kind) + spec.previousKinds).filter { seen.insert($0).inserted }
    }
}
