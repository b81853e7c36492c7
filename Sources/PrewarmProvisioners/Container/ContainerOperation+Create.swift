import PrewarmCore
import PrewarmEngine

extension ContainerOperation {
    /// Creates the container of the workspace, starts it and waits until it is ready.
    ///
    /// It continues after a crash at any step: a running container is kept, and one that does not run is replaced.
    func create(_ name: String) async throws(OperationFailure) -> Outcome {
        // The values are checked before anything is done.
        let plan = try ContainerPlan(spec, request, values)
        let probe = try ReadinessProbe(self, name)
        if let existing = try await container(name), existing.isRunning {
            log.note("the container \(name) runs already")
        } else {
            try await pull(plan.image)
            try await make(name, plan)
        }
        return try await waitUntilReady(name, probe)
    }

    // MARK: Image

    private func pull(_ image: ImageName) async throws(OperationFailure) {
        if spec.pull != .always {
            if try await client.architecture(of: image) != nil { return }
            if spec.pull == .never {
                throw OperationFailure(
                    .invalid,
                    "the image \(image.text) does not exist on the machine of the container engine, and `pull` "
                        + "is Never",
                    hint: "Run `\(client.engine.tool) pull \(image.text)`, or set `pull: IfNotPresent`.")
            }
        }
        log.note("pulling the image \(image.text)")
        let log = log
        try await client.pull(image, login: spec.login, timeout: settings.timeout) { log.note($0) }
        log.note("pulled the image \(image.text)")
    }

    // MARK: Container

    private func make(_ name: String, _ plan: ContainerPlan) async throws(OperationFailure) {
        if try await container(name) != nil {
            log.note("removing the container \(name) of an earlier attempt, which does not run")
            try await remove(name)
        }
        let labels = plan.labels.filter { $0.key.hasPrefix("prewarm.") }.sorted { $0.key < $1.key }
        for volume in plan.ownVolumes {
            try await client.createVolume(volume, labels: labels.map { ($0.key, .string($0.value)) })
        }
        do throws(OperationFailure) {
            try await client.create(name, plan.document)
            log.note("created the container \(name) of the image \(plan.image.text)")
        } catch {
            // An earlier attempt whose request was still on its way may have created it.
            guard case .refused = error.kind, try await container(name) != nil else { throw error }
            log.note("the container \(name) exists already")
        }
        do throws(OperationFailure) {
            try await client.start(name)
        } catch {
            throw try await explain(error, plan.image)
        }
        log.note("started the container")
    }

    /// Adds the architectures of image and machine to the failure of a start because of the architecture.
    private func explain(_ failure: OperationFailure, _ image: ImageName) async throws(OperationFailure)
        -> OperationFailure
    {
        guard case .refused = failure.kind, failure.message.contains("architecture") else { return failure }
        guard let architecture = try await client.architecture(of: image), !architecture.isEmpty else { return failure }
        var explained = failure
        explained.hint =
            "The image \(image.text) is made for \(architecture.printable.prefix(20)): use an image for the architecture of "
            + "this machine."
        return explained
    }

    // MARK: Readiness

    private func waitUntilReady(_ name: String, _ probe: ReadinessProbe) async throws(OperationFailure) -> Outcome {
        let start = ContinuousClock.now
        let end = start + spec.readiness.timeout
        var pause = probe.pauses.first
        var problem: String?
        while true {
            guard let status = try await container(name) else {
                throw OperationFailure(.failed, "the container \(name) was removed before it was ready")
            }
            guard status.isRunning, !status.isPaused else { throw await ended(name, status) }
            let left = end - .now
            // One attempt is made even if the engine took all the time.
            if left > .zero || problem == nil {
                guard let found = try await probe.problem(status, timeout: max(left, .seconds(1)), startedAt: start)
                else {
                    // The program may have ended during the probe.
                    guard let last = try await container(name), last.isRunning else { continue }
                    log.note("the container is ready after \((ContinuousClock.now - start).milliseconds) ms")
                    return try ready(name, last)
                }
                problem = found
            }
            guard ContinuousClock.now + pause < end else { throw await late(name, problem ?? "it is still starting") }
            do { try await Task.sleep(for: pause) } catch { throw .canceled }
            pause = min(pause * 2, probe.pauses.longest)
        }
    }

    private func ended(_ name: String, _ status: ContainerStatus) async -> OperationFailure {
        let output = await output(of: name)
        note(output)
        var hint: String?
        if status.isOutOfMemory {
            hint = "Raise `memory` of the container, or use less."
        } else if output.contains("exec format error") {
            hint = "Use an image for the architecture of this machine."
        }
        let cause = output.causeInLog.map { ": \($0)" } ?? ""
        return OperationFailure(
            .failed, "the container \(status.ending) before it was ready\(cause)", hint: hint, log: output)
    }

    private func late(_ name: String, _ problem: String) async -> OperationFailure {
        let output = await output(of: name)
        note(output)
        return OperationFailure(
            .failed, "the container was not ready within \(spec.readiness.timeout.prewarmText): \(problem)",
            hint: "Correct the program or `readiness` of the container, or raise its timeout.", log: output)
    }

    private func note(_ output: String) {
        log.note(output.isEmpty ? "the container has no output" : "the output of the container ends with:\n\(output)")
    }
}

extension Duration {
    /// The duration in whole milliseconds.
    fileprivate var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
