package import PrewarmCore

extension ClusterAccess {
    /// The folder in which a pod finds the token of its service account
    /// (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/).
    package static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Returns the access of a pod to its own cluster. The call reads a file.
    /// - Parameters:
    ///   - environment: The environment of prewarm, in which the cluster writes the address of its API server.
    ///   - folder: The folder with the files `token`, `ca.crt` and `namespace`.
    ///   - provisioner: The name of the provisioner, for messages.
    package static func serviceAccount(
        environment: [String: String], folder: String = serviceAccountFolder, provisioner: String
    ) throws(OperationFailure) -> ClusterAccess {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"].flatMap({ UInt16($0) })
        else {
            throw OperationFailure(
                .unreachable, "cannot find the Kubernetes API server: prewarm runs in no pod",
                hint: "Set `kubernetes.kubeconfig` of provisioner \(provisioner).")
        }
        var access = ClusterAccess(
            server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)",
            origin: "the service account of the pod"
        )
        access.authority = .file("\(folder)/ca.crt")
        access.token = .file("\(folder)/token")
        if let bytes = try? BoundedFile.read("\(folder)/namespace", limit: 1024) {
            access.namespace = String(decoding: bytes.trimmed, as: UTF8.self)
        }
        return access
    }
}
