import PrewarmCore
import PrewarmEngine

/// The container of one workspace, with all placeholders replaced by checked values.
struct ContainerPlan: Sendable {
    let image: ImageName
    /// The body of `POST /containers/create`.
    let document: Value
    /// The names of the volumes that belong to the workspace alone.
    let ownVolumes: [String]
    let labels: [String: String]

    /// - Throws: ``OperationFailure`` if a value of the manifest is missing or not allowed in its place.
    init(_ spec: ContainerSpec, _ request: ProvisionerRequest, _ values: PlaceholderValues)
        throws(OperationFailure)
    {
        image = ImageName(try values.text(spec.image, in: .image))
        var labels: [String: String] = [:]
        for (key, text) in spec.labels { labels[key] = try values.text(text, in: .label(key)) }
        // The labels of prewarm come last, so that nothing replaces them.
        labels.merge(ContainerLabels.all(request, provisioner: values.provisioner)) { _, own in own }
        self.labels = labels
        var environment: [Value] = []
        for (name, text) in spec.environment.sorted(by: { $0.key < $1.key }) {
            environment.append(.string("\(name)=\(try values.text(text, in: .environment(name)))"))
        }
        var fields: [(key: String, value: Value)] = [
            ("Image", .string(image.text)), ("Env", .array(environment)), ("Labels", Self.object(labels)),
        ]
        if let entrypoint = spec.entrypoint {
            fields.append(("Entrypoint", try Self.list(entrypoint, values, in: .entrypoint)))
        }
        if let command = spec.command { fields.append(("Cmd", try Self.list(command, values, in: .command))) }
        if let user = spec.user { fields.append(("User", .string(user))) }
        if spec.network != "host" { fields.append(("Hostname", .string(values.workspace.name))) }
        if !spec.publishedPorts.isEmpty {
            fields.append(("ExposedPorts", .object(spec.publishedPorts.map { ($0.container.engineName, .object([])) })))
        }
        let (mounts, volumes) = try Self.mounts(spec.mounts, values)
        ownVolumes = volumes
        fields.append(("HostConfig", .object(try Self.host(spec, values, mounts: mounts))))
        document = .object(fields)
    }

    private static func host(
        _ spec: ContainerSpec, _ values: PlaceholderValues, mounts: [Value]
    ) throws(OperationFailure) -> [(key: String, value: Value)] {
        var host: [(key: String, value: Value)] = []
        if !spec.publishedPorts.isEmpty {
            // Without a port, the engine chooses a free one.
            let bindings = spec.publishedPorts.map { port in
                (
                    key: port.container.engineName,
                    value: Value.array([.object([("HostIp", .string(port.address)), ("HostPort", "")])])
                )
            }
            host.append(("PortBindings", .object(bindings)))
        }
        if !mounts.isEmpty { host.append(("Mounts", .array(mounts))) }
        if let memory = spec.memory { host.append(("Memory", .int(try Self.memory(memory, values)))) }
        if let cpus = spec.cpus { host.append(("NanoCpus", .int(try Self.nanoCPUs(cpus, values)))) }
        if let network = spec.network { host.append(("NetworkMode", .string(network))) }
        return host
    }

    private static func mounts(
        _ mounts: [ContainerSpec.Mount], _ values: PlaceholderValues
    ) throws(OperationFailure) -> (mounts: [Value], ownVolumes: [String]) {
        var (documents, own): ([Value], [String]) = ([], [])
        for mount in mounts {
            let type: Value
            let source: String
            switch mount.source {
            case .bind(let path): (type, source) = ("bind", try values.text(path, in: .bind))
            case .volume(let name):
                (type, source) = ("volume", try values.text(name, in: .volume))
                if name.placeholders.contains(where: { $0 == .id || $0 == .name }) { own.append(source) }
            }
            documents.append(
                .object([
                    ("Type", type), ("Source", .string(source)), ("Target", .string(mount.target)),
                    ("ReadOnly", .bool(mount.isReadOnly)),
                ]))
        }
        return (documents, own)
    }

    private static func memory(_ text: PlaceholderText, _ values: PlaceholderValues) throws(OperationFailure) -> Int {
        let size = try values.text(text, in: .memory)
        guard let bytes = UInt64(sizeText: size).flatMap({ Int(exactly: $0) }), bytes >= 6 << 20 else {
            throw values.refusal(of: size, text, in: .memory, "a size of at least 6MiB, for example 512MiB")
        }
        return bytes
    }

    private static func nanoCPUs(_ text: PlaceholderText, _ values: PlaceholderValues) throws(OperationFailure) -> Int {
        let number = try values.text(text, in: .cpus)
        let isDecimal = number.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
        guard isDecimal, let cpus = Double(number), cpus >= 0.01, cpus <= 1024 else {
            throw values.refusal(of: number, text, in: .cpus, "a number from 0.01 to 1024")
        }
        return Int((cpus * 1_000_000_000).rounded())
    }

    static func list(
        _ texts: [PlaceholderText], _ values: PlaceholderValues, in place: PlaceholderPlace
    ) throws(OperationFailure) -> Value {
        .array(try arguments(texts, values, in: place).map { .string($0) })
    }

    static func arguments(
        _ texts: [PlaceholderText], _ values: PlaceholderValues, in place: PlaceholderPlace
    ) throws(OperationFailure) -> [String] {
        var arguments: [String] = []
        for text in texts { arguments.append(try values.text(text, in: place)) }
        return arguments
    }

    private static func object(_ texts: [String: String]) -> Value {
        .object(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }
}

extension PlaceholderValues {
    /// Returns the failure for a text that its values make invalid. It names the parameters in the text.
    fileprivate func refusal(
        of value: String, _ text: PlaceholderText, in place: PlaceholderPlace, _ expected: String
    ) -> OperationFailure {
        let names = text.placeholders.map(\.description).joined(separator: ", ")
        return OperationFailure(
            .failed,
            "cannot use \(Value.string(String(value.printable.prefix(100))).compactJSON) as `\(place.key)` of provisioner "
                + "\(provisioner): it must be \(expected)",
            hint: names.isEmpty ? nil : "Change the value of \(names) in the manifest.")
    }
}

extension ContainerSpec {
    /// The ports that the engine publishes. A container in the network of the machine has no others than the machine.
    var publishedPorts: [Port] { network == "host" ? [] : ports }
}

extension PublishedPort {
    /// The port in the words of the engine, for example `22/tcp`.
    fileprivate var engineName: String { "\(number)/\(isUDP ? "udp" : "tcp")" }
}
