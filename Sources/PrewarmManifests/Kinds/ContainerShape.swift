import PrewarmCore

extension ObjectShape {
    /// The description of the containers of a provisioner.
    static let container = ObjectShape(
        "container",
        [
            .optional(
                "socket", .text(.text("a path", maximum: 1024)),
                """
                The socket of Docker or Podman (default: the unix:// address in DOCKER_HOST, \
                otherwise the first of the usual sockets that exists).
                """),
            .required(
                "image", .text(.image),
                "The image. A placeholder cannot select the registry, which is the part before the first slash."),
            .optional(
                "pull", .text(.choice(ContainerSpec.PullPolicy.allCases.map(\.rawValue))),
                "When prewarm pulls the image: for each workspace, only if it is missing, or never.",
                default: .text(ContainerSpec.PullPolicy.ifNotPresent.rawValue)),
            .optional("login", .object(login), "The login of the image's registry (default: none)."),
            .optional(
                "entrypoint", arguments, "The program of the container (default: the entrypoint of the image)."),
            .optional(
                "command", arguments, "The arguments of the entrypoint (default: the command of the image)."),
            .optional("user", .text(.containerUser), "The user of the program (default: the user of the image)."),
            .optional(
                "environment",
                .map(key: .variableName, value: .text(.placeholders("text", minimum: 0, maximum: 65_536))),
                "Environment variables of the container. Only here may a placeholder have the value of a secret."),
            .optional(
                "labels",
                .map(key: .containerLabelKey, value: .text(.placeholders("text", minimum: 0, maximum: 4096))),
                "Labels of the container, in addition to those of prewarm."),
            .optional(
                "ports", .list(.either([.integer(1...65_535), .object(port)]), minimum: 0, maximum: 64),
                "The ports that the container publishes. The engine chooses a free port of this machine for each one.",
                default: .list([])),
            .optional(
                "endpoint", .text(.endpoint),
                """
                The address that the owner of a workspace gets. \
                {ports.22} stands for the port of this machine that leads to port 22 of the container.
                """),
            .optional(
                "mounts", .list(.object(mount), minimum: 0, maximum: 64),
                "The folders of the machine and the volumes that the container sees.", default: .list([])),
            .optional("memory", .text(.memory), "The limit of memory (default: no limit)."),
            .optional(
                "cpus", .either([.text(.cpus), .number]),
                "The limit of processors, for example 1.5 (default: no limit)."
            ),
            .optional(
                "network", .text(.network),
                """
                The network of the container (default: the default network of the engine). \
                With `host`, ports are the ports of this machine.
                """),
            .optional(
                "readiness", .object(readiness),
                """
                The test that a started container has to pass (default: it runs for a second, \
                and the health check of its image succeeds if it has one).
                """),
            .optional(
                "handover", .object(handover),
                """
                The program that prepares a running container for the owner who claims it (default: none). \
                With it, the provisioner offers the operation claim.
                """),
        ])

    private static let handover = ObjectShape(
        "handover",
        [
            .required(
                "exec", nonemptyArguments,
                """
                A program in the container. It gets the owner and the claim parameters in PREWARM_* variables, and \
                answers with one JSON object on standard output.
                """)
        ])

    private static let arguments = Shape.list(
        .text(.placeholders("text", minimum: 0, maximum: 65_536)), minimum: 0, maximum: 256)

    private static let login = ObjectShape(
        "login",
        [
            .required("username", .text(.text("text", maximum: 256)), "The user name."),
            .required(
                "password", .text(.text("text", maximum: 16_384)),
                "The password or token. ${NAME} takes it from the environment."),
        ])

    private static let port = ObjectShape(
        "port",
        [
            .required("port", .integer(1...65_535), "The port in the container."),
            .optional("protocol", .text(.choice(["tcp", "udp"])), "The protocol.", default: .text("tcp")),
            .optional(
                "address", .text(.address),
                "The address of this machine that accepts connections. 0.0.0.0 lets other machines connect.",
                default: .text(ContainerSpec.Port.standardAddress)),
        ])

    private static let mount = ObjectShape(
        "mount", rule: .exactlyOne(["bind", "volume"]),
        [
            .optional("bind", .text(.bindSource), "A folder or file of the engine's machine."),
            .optional(
                "volume", .text(.volume),
                """
                The name of a volume, which is created if it does not exist. \
                If the name has {id} or {name}, the volume is deleted with its workspace.
                """),
            .required("target", .text(.mountTarget), "The path in the container."),
            .optional("readOnly", .boolean, "If true, the container cannot write to it.", default: .boolean(false)),
        ])

    private static let readiness = ObjectShape(
        "readiness", rule: .atMostOne(["http", "port", "exec", "log"]),
        [
            .optional(
                "http", .object(http), "A GET request to a port is answered with a status from 200 to 399."),
            .optional("port", .integer(1...65_535), "A port accepts connections. It has to be in ports."),
            .optional("exec", nonemptyArguments, "A program in the container exits with 0."),
            .optional(
                "log", .text(.text("text", maximum: 1024)),
                "A line of the container's output contains this text. Placeholders are not replaced."),
            .optional(
                "timeout", .duration(minimum: .seconds(1)),
                "The time from the start of the container to its readiness.",
                default: .duration(ContainerSpec.Readiness.standardTimeout)),
        ])

    private static let nonemptyArguments = Shape.list(
        .text(.placeholders("text", minimum: 0, maximum: 65_536)), minimum: 1, maximum: 256)

    private static let http = ObjectShape(
        "http",
        [
            .required("port", .integer(1...65_535), "The port in the container. It has to be in ports."),
            .optional("path", .text(.httpPath), "The path.", default: .text("/")),
        ])
}
