/// The operator's description of the containers of a provisioner. Each workspace is one container.
///
/// Values of manifests enter only at the placeholders of ``PlaceholderText``. The fields without placeholders are the
/// same for all workspaces.
package struct ContainerSpec: Hashable, Sendable {
    /// The path of the engine's socket; nil for the socket of `DOCKER_HOST` or the first usual one that exists.
    package var socket: String?
    package var image: PlaceholderText
    package var pull = PullPolicy.ifNotPresent
    /// The login of the image's registry; nil for none.
    package var login: Login?
    /// The program of the container; nil for the entrypoint of the image.
    package var entrypoint: [PlaceholderText]?
    /// The arguments of the entrypoint; nil for those of the image.
    package var command: [PlaceholderText]?
    /// The user, for example `1000:1000`; nil for the user of the image.
    package var user: String?
    package var environment: [String: PlaceholderText] = [:]
    package var labels: [String: PlaceholderText] = [:]
    package var ports: [Port] = []
    /// The address that the owner of a workspace gets; nil for none.
    package var endpoint: PlaceholderText?
    package var mounts: [Mount] = []
    /// The limit of memory, for example `512MiB`; nil for no limit.
    package var memory: PlaceholderText?
    /// The limit of processor time, for example `1.5`; nil for no limit.
    package var cpus: PlaceholderText?
    /// The name of the network; nil for the engine's default.
    package var network: String?
    package var readiness = Readiness()
    /// The program in the container that prepares it for the owner who claims it; nil for none.
    package var handover: [PlaceholderText]?

    package init(image: PlaceholderText) {
        self.image = image
    }

    /// The rule when an image is pulled.
    package enum PullPolicy: String, CaseIterable, Hashable, Sendable {
        case always = "Always"
        case ifNotPresent = "IfNotPresent"
        case never = "Never"
    }

    package struct Login: Hashable, Sendable {
        package let username: String
        package let password: String

        package init(username: String, password: String) {
            self.username = username
            self.password = password
        }
    }

    /// A port of the container that the engine publishes on this machine, at a free port that it chooses.
    package struct Port: Hashable, Sendable {
        package let container: PublishedPort
        /// The address of this machine that accepts connections (default: 127.0.0.1).
        package let address: String

        package static let standardAddress = "127.0.0.1"

        package init(_ container: PublishedPort, address: String = standardAddress) {
            self.container = container
            self.address = address
        }
    }

    /// A folder or volume that the container sees at a path.
    package struct Mount: Hashable, Sendable {
        package enum Source: Hashable, Sendable {
            /// A path of the engine's machine.
            case bind(PlaceholderText)
            /// The name of a volume, which the engine creates if it does not exist.
            case volume(PlaceholderText)
        }

        package let source: Source
        package let target: String
        package let isReadOnly: Bool

        package init(_ source: Source, target: String, isReadOnly: Bool = false) {
            self.source = source
            self.target = target
            self.isReadOnly = isReadOnly
        }
    }

    /// The test that a started container has to pass before the workspace is ready.
    package struct Readiness: Hashable, Sendable {
        package enum Probe: Hashable, Sendable {
            /// The container keeps running for a moment, and the health check of its image succeeds if it has one.
            case running
            /// A GET request to a published port is answered with a status from 200 to 399.
            case http(PublishedPort, path: String)
            /// A published port accepts connections.
            case port(PublishedPort)
            /// A command in the container exits with 0.
            case exec([PlaceholderText])
            /// A line of the container's output contains the text.
            case log(String)
        }

        package var probe = Probe.running
        /// The time from the start of the container to its readiness.
        package var timeout = Self.standardTimeout

        package static let standardTimeout = Duration.seconds(60)

        package init() {}
    }
}
