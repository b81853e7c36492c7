import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmProvisioners

/// The check of `prewarm doctor` for a provisioner: it can be run or reached, and it lists its workspaces.
struct ProvisionerCheck {
    private let file: ConfigurationFile

    init(_ file: ConfigurationFile) {
        self.file = file
    }

    func check(_ configured: Configuration.Provisioner) async -> HealthReport.Check {
        let name = configured.name.value
        do throws(ProvisionerFailure) {
            let message =
                if let provisioner = file.containerProvisioner(configured) {
                    try await check(provisioner)
                } else if let provisioner = file.kubernetesProvisioner(configured) {
                    try await check(provisioner)
                } else {
                    try await check(file.commandProvisioner(configured))
                }
            return HealthReport.Check(kind: "provisioner", name: name, verdict: .ok, message: message)
        } catch {
            return HealthReport.Check(
                kind: "provisioner", name: name, verdict: .failed, message: error.message, hint: error.hint)
        }
    }

    private func check(_ provisioner: ContainerProvisioner) async throws(ProvisionerFailure) -> String {
        let engine = try await provisioner.engine()
        let listed = try await provisioner.list()
        return "\(engine) lists \(counted(listed.count, "workspace"))"
    }

    private func check(_ provisioner: KubernetesProvisioner) async throws(ProvisionerFailure) -> String {
        let cluster = try await provisioner.cluster()
        let listed = try await provisioner.list()
        return "\(cluster) lists \(counted(listed.count, "workspace"))"
    }

    private func check(_ provisioner: CommandProvisioner) async throws(ProvisionerFailure) -> String {
        if let problem = provisioner.check() {
            throw ProvisionerFailure(.cannotRun, problem.message, hint: problem.hint)
        }
        let command = provisioner.settings.command.joined(separator: " ")
        guard provisioner.operations.contains(.list) else {
            return "\(command) is executable; it has no `list` to check"
        }
        do throws(ProvisionerFailure) {
            let listed = try await provisioner.list()
            return "\(command) lists \(counted(listed.count, "workspace"))"
        } catch {
            throw ProvisionerFailure(error.reason, "`\(command) list` failed: \(error.message)", hint: error.hint)
        }
    }
}
