import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmProvisioners

/// The provisioners of Kubernetes objects, with their template and kubeconfig files.
extension ConfigurationFile {
    /// Returns the provisioner of Kubernetes objects; nil if the workspaces are none.
    func kubernetesProvisioner(_ provisioner: Configuration.Provisioner) -> KubernetesProvisioner? {
        guard let kubernetes = provisioner.kubernetes else { return nil }
        let name = provisioner.name.value
        let settings = KubernetesSettings(
            name: name, spec: kubernetes.spec, concurrency: provisioner.concurrency,
            reserve: provisioner.reserve?.value, timeout: provisioner.timeout,
            tools: ChildTools(environment: Environment.variables),
            load: {
                do throws(OperationFailure) {
                    return .success(
                        KubernetesFiles(
                            access: try access(kubernetes.spec, name), templates: try templates(kubernetes)))
                } catch {
                    return .failure(error)
                }
            })
        return KubernetesProvisioner(settings, now: { .now })
    }

    /// Returns the errors of the template file of a provisioner.
    func templateProblems(_ kubernetes: Configuration.Kubernetes) -> [Diagnostic] {
        read(kubernetes).problems
    }

    // MARK: Files

    private func read(
        _ kubernetes: Configuration.Kubernetes
    ) -> (objects: [ObjectTemplate], problems: [Diagnostic]) {
        let path = resolve(kubernetes.spec.template)
        let bytes: [UInt8]
        do throws(OperationFailure) {
            bytes = try Self.bytes(path, limit: ObjectTemplateParser.sizeLimit, "the template")
        } catch {
            return ([], [Diagnostic(file: self.path, at: kubernetes.position, error.message, hint: error.hint)])
        }
        var (objects, problems) = ObjectTemplateParser.parse(bytes)
        for index in problems.indices { problems[index].file = shown(kubernetes.spec.template) }
        guard problems.isEmpty else { return ([], problems) }
        problems = kubernetes.problems(with: objects)
        for index in problems.indices { problems[index].file = self.path }
        if !problems.isEmpty { objects = [] }
        return (objects, problems)
    }

    /// Returns the path of a file of the configuration for messages, from the same folder as ``path``.
    private func shown(_ file: String) -> String {
        guard !file.hasPrefix("/"), !file.hasPrefix("~"), let end = path.lastIndex(of: "/") else { return file }
        return path[...end] + file
    }

    private func templates(_ kubernetes: Configuration.Kubernetes) throws(OperationFailure) -> [ObjectTemplate] {
        let (objects, problems) = read(kubernetes)
        guard let first = problems.first else { return objects }
        // The operator has to correct the file, and no preset is at fault.
        throw OperationFailure(
            .unreachable, "cannot use the template: \(first.location): \(first.message)",
            hint: "Correct it: `prewarm validate \(path)` lists all errors.")
    }

    private func access(
        _ spec: KubernetesSpec, _ provisioner: String
    ) throws(OperationFailure) -> ClusterAccess {
        guard let written = spec.kubeconfig else {
            return try .serviceAccount(environment: Environment.variables, provisioner: provisioner)
        }
        let path = resolve(written)
        let bytes = try Self.bytes(path, limit: KubeconfigParser.sizeLimit, "the kubeconfig file")
        do throws(KubeconfigParser.Mistake) {
            return try KubeconfigParser.parse(bytes, path: path, context: spec.context)
        } catch {
            throw OperationFailure(
                .unreachable, "cannot use the kubeconfig file \(path): \(error.message)",
                hint: error.hint.map { "\($0.prefix(1).uppercased())\($0.dropFirst())." })
        }
    }

    private static func bytes(_ path: String, limit: Int, _ name: String) throws(OperationFailure) -> [UInt8] {
        do {
            return try RegularFile.bytes(path, limit: limit)
        } catch let failure as CommandFailure {
            throw OperationFailure(.unreachable, failure.message, hint: "Check the path and its permissions.")
        } catch {
            throw OperationFailure(
                .unreachable, "cannot read \(name) \(path): it has more than \(limit >> 10) KiB")
        }
    }
}
