import PrewarmCore
import PrewarmEngine

extension ContainerOperation {
    /// Deletes the container of the workspace and its own volumes. It succeeds if they do not exist.
    func delete(_ name: String) async throws(OperationFailure) -> Outcome {
        if let status = try await container(name) {
            if status.isRunning, !status.isPaused { try await client.stop(name, grace: settings.grace) }
            try await remove(name)
            log.note("deleted the container \(name)")
        }
        let id = request.workspace.id
        for volume in try await client.volumes(label: "\(ContainerLabels.workspace)=\(id)") {
            guard let name = volume.text("Name"),
                ContainerLabels.match(volume["Labels"]?.texts ?? [:], id, provisioner: settings.name)
            else { continue }
            try await client.removeVolume(name)
            log.note("deleted the volume \(name.printable)")
        }
        return .done(endpoint: nil, metadata: [:])
    }

    /// Removes a container, and waits until it is gone.
    func remove(_ name: String) async throws(OperationFailure) {
        for _ in 0..<300 {
            if try await client.remove(name), try await client.container(name) == nil { return }
            do { try await Task.sleep(for: .milliseconds(200)) } catch { throw .canceled }
        }
        throw OperationFailure(.slow, "the container engine is still removing the container \(name)")
    }
}
