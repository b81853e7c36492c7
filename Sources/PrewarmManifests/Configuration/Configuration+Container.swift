package import PrewarmCore

extension Configuration {
    /// The containers of a provisioner, as they are written in the configuration.
    package struct Container: Hashable, Sendable {
        package let spec: ContainerSpec
        /// The errors that a shape cannot express, for example a placeholder for a port that is not published.
        let problems: [Diagnostic]
    }
}

extension Configuration.Container {
    init(_ document: DocumentReader) {
        var spec = ContainerSpec(image: document["image"]?.placeholders ?? .empty)
        spec.socket = document["socket"]?.text
        spec.pull = document["pull"].flatMap { ContainerSpec.PullPolicy(rawValue: $0.text) } ?? spec.pull
        spec.login = document["login"].map { login in
            ContainerSpec.Login(username: login["username"]?.text ?? "", password: login["password"]?.text ?? "")
        }
        spec.entrypoint = document["entrypoint"]?.elements.map(\.placeholders)
        spec.command = document["command"]?.elements.map(\.placeholders)
        spec.user = document["user"]?.text
        spec.environment = document["environment"]?.dictionary(\.placeholders) ?? [:]
        spec.labels = document["labels"]?.dictionary(\.placeholders) ?? [:]
        spec.ports = document["ports"]?.elements.map { ContainerSpec.Port($0) } ?? []
        spec.endpoint = document["endpoint"]?.placeholders
        spec.mounts = document["mounts"]?.elements.map { ContainerSpec.Mount($0) } ?? []
        spec.memory = document["memory"]?.placeholders
        spec.cpus = document["cpus"].map { cpus in
            cpus.number.flatMap { try? PlaceholderText("\($0)") } ?? cpus.placeholders
        }
        spec.network = document["network"]?.text
        spec.readiness = document["readiness"].map { ContainerSpec.Readiness($0) } ?? spec.readiness
        spec.handover = document["handover"]?["exec"]?.elements.map(\.placeholders)
        self.spec = spec
        problems = ContainerCheck(document, spec).problems
    }
}

/// The rules between the keys of a container.
private struct ContainerCheck {
    private(set) var problems: [Diagnostic] = []

    init(_ document: DocumentReader, _ spec: ContainerSpec) {
        checkPorts(document, spec)
        checkEndpoint(document, spec)
        checkReadiness(document, spec)
        if let cpus = document["cpus"], let number = cpus.number, number < 0.01 || number > 1024 {
            report(cpus, "invalid cpus: expected a number from 0.01 to 1024, found \(number)")
        }
        var targets: Set<String> = []
        for mount in document["mounts"]?.elements ?? [] {
            guard let target = mount["target"], !targets.insert(target.text).inserted else { continue }
            report(target, "duplicate target \"\(target.text)\"", hint: "mount one folder or volume at each path")
        }
    }

    private mutating func checkPorts(_ document: DocumentReader, _ spec: ContainerSpec) {
        let elements = document["ports"]?.elements ?? []
        if let first = elements.first, spec.network == "none" {
            report(
                first, "invalid ports: a container with the network none has no ports",
                hint: "remove ports, or choose another network")
        }
        var seen: Set<PublishedPort> = []
        for (element, port) in zip(elements, spec.ports) where !seen.insert(port.container).inserted {
            report(element, "duplicate port \(port.container)", hint: "remove one of the two")
        }
    }

    private mutating func checkEndpoint(_ document: DocumentReader, _ spec: ContainerSpec) {
        guard let endpoint = document["endpoint"] else { return }
        for placeholder in spec.endpoint?.placeholders ?? [] {
            guard case .port(let port) = placeholder else { continue }
            if !spec.ports.contains(where: { $0.container == port }) {
                report(
                    endpoint, "invalid endpoint: the container does not publish the port of \(placeholder)",
                    hint: "add \(port.isUDP ? "{port: \(port.number), protocol: udp}" : "\(port)") to ports")
            }
        }
    }

    private mutating func checkReadiness(_ document: DocumentReader, _ spec: ContainerSpec) {
        guard let readiness = document["readiness"] else { return }
        let place = readiness["http"]?["port"] ?? readiness["port"]
        guard let place, let number = place.integer,
            !spec.ports.contains(where: { $0.container == PublishedPort(number) })
        else { return }
        report(
            place, "invalid readiness: the container does not publish port \(number)",
            hint: "add \(number) to ports, or use exec or log")
    }

    private mutating func report(_ place: DocumentReader, _ message: String, hint: String? = nil) {
        problems.append(Diagnostic(.error, at: place.position, message, hint: hint))
    }
}

extension ContainerSpec.Port {
    fileprivate init(_ document: DocumentReader) {
        guard let number = document["port"]?.integer else {
            self.init(PublishedPort(document.integer ?? 0))
            return
        }
        self.init(
            PublishedPort(number, isUDP: document["protocol"]?.text == "udp"),
            address: document["address"]?.text ?? Self.standardAddress)
    }
}

extension ContainerSpec.Mount {
    fileprivate init(_ document: DocumentReader) {
        let source: Source =
            if let volume = document["volume"] { .volume(volume.placeholders) } else {
                .bind(document["bind"]?.placeholders ?? .empty)
            }
        self.init(
            source, target: document["target"]?.text ?? "", isReadOnly: document["readOnly"]?.boolean ?? false)
    }
}

extension ContainerSpec.Readiness {
    fileprivate init(_ document: DocumentReader) {
        self.init()
        timeout = document.duration("timeout") ?? Self.standardTimeout
        if let http = document["http"] {
            probe = .http(PublishedPort(http["port"]?.integer ?? 0), path: http["path"]?.text ?? "/")
        } else if let port = document["port"]?.integer {
            probe = .port(PublishedPort(port))
        } else if let exec = document["exec"] {
            probe = .exec(exec.elements.map(\.placeholders))
        } else if let log = document["log"] {
            probe = .log(log.text)
        }
    }
}

extension DocumentReader {
    /// The text of a scalar with its placeholders. The shape has checked that it is valid.
    fileprivate var placeholders: PlaceholderText { placeholders(.container) }
}
