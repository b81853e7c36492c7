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
        containerProvisioner(provisioner) ?? commandProvisioner(provisioner, observe: observe)
    }

    /// Returns the provisioner of containers; nil if a command makes the workspaces.
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

    /// Returns the problem with the command of a provisioner; nil if it can run. A container engine may run on another
    /// machine than `validate`, so only `doctor` contacts it.
    func problem(with provisioner: Configuration.Provisioner) -> Diagnostic? {
        guard provisioner.container == nil, var problem = commandProvisioner(provisioner).check() else { return nil }
        problem.file = path
        problem.position = provisioner.commandPosition
        return problem
    }
}
