import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmProvisioners
import SystemPackage

/// The provisioners of the configuration. Relative paths start at the folder of the file.
extension ConfigurationFile {
    /// Returns the provisioner that the configuration describes.
    /// - Parameter observe: A closure that gets facts about each ended call of a command; nil if they are not needed.
    func provisioner(
        _ provisioner: Configuration.Provisioner, observe: (@Sendable (CommandCall) -> Void)? = nil
    ) -> any Provisioner {
        if let containers = containerProvisioner(provisioner) { return containers }
        if let objects = kubernetesProvisioner(provisioner) { return objects }
        return commandProvisioner(provisioner, observe: observe)
    }

    /// Returns the provisioner of containers; nil if the workspaces are no containers.
    func containerProvisioner(_ provisioner: Configuration.Provisioner) -> ContainerProvisioner? {
        guard var spec = provisioner.container?.spec else { return nil }
        if let socket = spec.socket, !socket.hasPrefix("unix://") { spec.socket = resolve(socket) }
        return ContainerProvisioner(
            ContainerSettings(
                name: provisioner.name.value, spec: spec, concurrency: provisioner.concurrency,
                reserve: provisioner.reserve?.value, timeout: provisioner.timeout, grace: provisioner.grace,
                ownEnvironment: Environment.variables))
    }

    func commandProvisioner(
        _ provisioner: Configuration.Provisioner, observe: (@Sendable (CommandCall) -> Void)? = nil
    ) -> CommandProvisioner {
        CommandProvisioner(
            CommandSettings(
                name: provisioner.name.value, command: provisioner.command,
                operations: Set(provisioner.operations.compactMap { ProvisionerOperation(rawValue: $0) }),
                concurrency: provisioner.concurrency, reserve: provisioner.reserve?.value,
                timeout: provisioner.timeout, grace: provisioner.grace,
                workingDirectory: provisioner.workingDirectory.map(resolve) ?? folder.string,
                environment: provisioner.environment, ownEnvironment: Environment.variables,
                inheritedNames: Set(provisioner.inherit)), observe: observe)
    }

    /// Returns the problems with the command or the template of a provisioner. A container engine or a cluster may not be
    /// reachable from the machine of `validate`, so only `doctor` contacts it.
    func problems(with provisioner: Configuration.Provisioner) -> [Diagnostic] {
        if let kubernetes = provisioner.kubernetes { return templateProblems(kubernetes) }
        guard provisioner.container == nil, var problem = commandProvisioner(provisioner).check() else { return [] }
        problem.file = path
        problem.position = provisioner.commandPosition
        return [problem]
    }
}
