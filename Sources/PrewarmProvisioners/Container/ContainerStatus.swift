import PrewarmCore
import PrewarmEngine

/// The state of one container, from the answer to `GET /containers/NAME/json`.
struct ContainerStatus: Sendable {
    let labels: [String: String]
    /// The word of the engine, for example `running` or `exited`.
    let word: String
    let isRunning: Bool
    let isPaused: Bool
    let exitCode: Int
    /// True if the kernel ended a process of the container because its memory limit was reached.
    let isOutOfMemory: Bool
    /// The engine's own error, for example of a start that failed.
    let error: String
    /// The result of the health check of the image: `starting`, `healthy`, `unhealthy`, or nil without a check.
    let health: String?
    /// The addresses of this machine at which the engine publishes the ports.
    let addresses: [PublishedPort: Address]

    /// An address of the machine on which the engine runs.
    struct Address: Hashable, Sendable {
        let host: String
        let port: Int
    }

    /// Reads the answer; nil if it is no container.
    init?(_ document: Value) {
        guard let state = document["State"], let running = state["Running"]?.bool, let word = state.text("Status")
        else { return nil }
        labels = document["Config"]?["Labels"]?.texts ?? [:]
        self.word = word
        isRunning = running
        isPaused = state["Paused"]?.bool ?? false
        exitCode = state.number("ExitCode")
        isOutOfMemory = state["OOMKilled"]?.bool ?? false
        error = state.text("Error") ?? ""
        health = state["Health"]?.text("Status").flatMap {
            ["starting", "healthy", "unhealthy"].contains($0) ? $0 : nil
        }
        addresses = Self.addresses(document["NetworkSettings"]?["Ports"])
    }

    private static func addresses(_ ports: Value?) -> [PublishedPort: Address] {
        var addresses: [PublishedPort: Address] = [:]
        for (name, bindings) in ports?.pairs ?? [] {
            guard let port = PublishedPort(name), let binding = bindings.elements.first,
                let text = binding.text("HostPort"), let number = PublishedPort(text), !number.isUDP
            else { continue }
            let host = binding.text("HostIp") ?? ""
            let isAny = ["", "0.0.0.0", "::"].contains(host)
            addresses[port] = Address(host: isAny ? "127.0.0.1" : host, port: number.number)
        }
        return addresses
    }

    /// The sentence for a container that does not run, without its name. For example, `exited with code 7`.
    var ending: String {
        if isOutOfMemory { return "was ended because it reached its memory limit (exit code \(exitCode))" }
        switch word {
        case "exited", "stopped", "dead":
            let cause = error.isEmpty ? "" : ": \(error.printable.prefix(300))"
            return "exited with code \(exitCode)\(cause)"
        case "created": return "was created and never started"
        default: return isPaused ? "is paused" : "is \(word.printable.prefix(40))"
        }
    }
}

extension Value {
    /// The texts of an object by their keys; empty for any other value.
    var texts: [String: String] {
        Dictionary(pairs.compactMap { pair in pair.value.string.map { (pair.key, $0) } }) { first, _ in first }
    }
}
