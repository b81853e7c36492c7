import Glibc
import PrewarmCore

/// The Unix socket of a container engine.
struct EngineSocket: Sendable {
    let path: String

    /// The units of systemd by the usual sockets.
    private static let services = ["/var/run/docker.sock": "docker", "/run/podman/podman.sock": "podman.socket"]

    /// The longest path that the system accepts, in bytes.
    private static let longestPath = 107

    /// Finds the socket: the configured one, otherwise the one of `DOCKER_HOST`, otherwise the first usual one that exists.
    /// - Parameters:
    ///   - configured: An absolute path, or `unix://` and an absolute path; nil if the configuration has none.
    ///   - environment: The environment of prewarm.
    init(configured: String?, environment: [String: String], provisioner: String) throws(OperationFailure) {
        if let configured {
            path = Self.withoutScheme(configured)
        } else if let host = environment["DOCKER_HOST"], !host.isEmpty {
            guard host.hasPrefix("unix://") else {
                throw OperationFailure(
                    .failed,
                    "cannot use DOCKER_HOST=\(host.withoutSecrets.printable.prefix(200)): it is no Unix socket",
                    hint: "Set `container.socket` of provisioner \(provisioner) to the path of a socket.")
            }
            path = Self.withoutScheme(host)
        } else {
            let usual = Self.usual(environment)
            guard let found = usual.first(where: { access($0, F_OK) == 0 }) else {
                throw OperationFailure(
                    .unreachable, "cannot find a container engine: none of \(usual.joined(separator: ", ")) exists",
                    hint: "Start Docker (`systemctl start docker`) or Podman (`systemctl start podman.socket`), or set "
                        + "`container.socket` of provisioner \(provisioner).")
            }
            path = found
        }
        guard path.hasPrefix("/"), path.utf8.count <= Self.longestPath, !path.utf8.contains(0) else {
            throw OperationFailure(
                .failed,
                "cannot use the socket \(path.printable.prefix(200)): the system accepts only absolute paths of "
                    + "at most \(Self.longestPath) bytes",
                hint: "Set `container.socket` of provisioner \(provisioner) to another path.")
        }
    }

    private static func withoutScheme(_ text: String) -> String {
        text.hasPrefix("unix://") ? String(text.dropFirst(7)) : text
    }

    private static func usual(_ environment: [String: String]) -> [String] {
        var paths = ["/var/run/docker.sock", "/run/podman/podman.sock"]
        if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/") {
            paths.append("\(runtime)/podman/podman.sock")
        }
        return paths
    }

    /// The address of the engine for the HTTP client.
    var url: String {
        "http+unix://" + path.percentEncoded(keeping: [])
    }

    /// Returns the failure of a connection that the system refused.
    func failure(_ number: Int32) -> OperationFailure {
        let subject = "cannot connect to the container engine at \(path.printable)"
        let start =
            Self.services[path].map { "Start it: `systemctl start \($0)`." }
            ?? "Start the engine, or correct the path of its socket."
        switch number {
        case ENOENT, ENOTDIR:
            return OperationFailure(
                .unreachable, "\(subject): the socket does not exist",
                hint: start)
        case ECONNREFUSED, ENOTSOCK, EPROTOTYPE:
            return OperationFailure(
                .unreachable, "\(subject): no process listens at the socket",
                hint: start)
        case EACCES, EPERM:
            return OperationFailure(
                .unreachable, "\(subject): prewarm has no permission to use the socket",
                hint: "Add the user of prewarm to the group of the socket, and start prewarm again.")
        default:
            return OperationFailure(.unreachable, "\(subject): \(SystemFailure(number).description.lowercased())")
        }
    }
}

extension String {
    /// Returns the text with all bytes except letters, digits, `-`, `.`, `_`, `~` and those of `kept` in percent encoding.
    func percentEncoded(keeping kept: Set<Character>) -> String {
        var encoded = ""
        for byte in utf8 {
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80,
                character.isLetter || character.isNumber || "-._~".contains(character)
                    || kept.contains(character)
            {
                encoded.append(character)
            } else {
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
