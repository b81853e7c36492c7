// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// How the program is linked. Most of what a short command takes is its own start, so a release holds Swift's libraries.
/// It listens to a network, so it is position-independent, and its relocations become read-only at the start.
let program: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-lCoreFoundation", "-l_FoundationICU", "-l_FoundationCShims", "-l_FoundationCollections",
            "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z",
            "-Xlinker", "now", "-use-ld=lld",
        ], .when(platforms: [.linux], configuration: .release))
]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioExtras: Target.Dependency = .product(name: "NIOExtras", package: "swift-nio-extras")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1: Target.Dependency = .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "prewarm",
    products: [.executable(name: "prewarm", targets: ["prewarm"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        // `swift package generate-documentation --target prewarm`. No target needs it, so a build does not compile it.
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        .target(name: "CLibGit2"),
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CEpoll"),
        .target(name: "CProcess"),
        .target(name: "CLibPQ"),
        module("PrewarmCore", []),
        module("PrewarmManifests", ["PrewarmCore", "CLibYAML"]),
        module("PrewarmEngine", ["PrewarmCore", logging, lifecycle]),
        module(
            "PrewarmGit",
            ["PrewarmCore", "PrewarmEngine", "CLibGit2", httpClient, nioCore, nioPosix, nioHTTP1, nioSSL]),
        module("PrewarmSQL", ["PrewarmCore", "PrewarmEngine"]),
        module("PrewarmSQLite", ["PrewarmCore", "PrewarmEngine", "PrewarmSQL", grdb, sqlite]),
        module("PrewarmPostgres", ["PrewarmCore", "PrewarmEngine", "PrewarmSQL", "CLibPQ"]),
        module(
            "PrewarmProvisioners",
            [
                "PrewarmCore", "PrewarmEngine", "CProcess", httpClient, jwt, nioCore, nioPosix, nioHTTP1, nioSSL,
                nioWebSocket,
            ]),
        module("PrewarmTelemetry", ["PrewarmCore", "PrewarmEngine", logging]),
        module(
            "PrewarmNotifications",
            [
                "PrewarmCore", "PrewarmEngine", "PrewarmTelemetry", httpClient, nioCore, nioHTTP1, nioPosix, nioSSL,
                crypto,
                logging, lifecycle,
            ]),
        module("PrewarmAPI", ["PrewarmCore", "PrewarmEngine"]),
        module("PrewarmDashboard", ["PrewarmCore", "PrewarmEngine", "PrewarmAPI"]),
        module(
            "PrewarmWebhooks",
            ["PrewarmCore", "PrewarmEngine", "PrewarmAPI", httpTypes, httpClient, nioCore, nioHTTP1, nioSSL, crypto]),
        module(
            "PrewarmServer",
            [
                "PrewarmCore", "PrewarmEngine", "PrewarmAPI", "PrewarmTelemetry", "PrewarmDashboard", "PrewarmWebhooks",
                hummingbirdCore,
                httpTypes, nioCore, nioExtras, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP1, nioPosix, nioSSL, httpClient,
                crypto, jwt, logging, lifecycle, system,
            ]),
        module(
            "PrewarmCommands",
            [
                "PrewarmCore", "PrewarmManifests", "PrewarmEngine", "PrewarmGit", "PrewarmSQLite", "PrewarmPostgres",
                "PrewarmAPI", "PrewarmProvisioners", "PrewarmNotifications", "PrewarmTelemetry", "PrewarmWebhooks",
                "PrewarmServer",
                argumentParser, logging, lifecycle, signals, httpClient,
                "CMalloc", "CEpoll", nioCore, nioHTTP1, nioSSL, system,
            ]),
        .executableTarget(
            name: "prewarm", dependencies: ["PrewarmCommands", argumentParser], swiftSettings: strict,
            linkerSettings: program),
        tests("PrewarmCoreTests", ["PrewarmCore", subprocess]),
        tests("PrewarmManifestsTests", ["PrewarmCore", "PrewarmManifests", subprocess], exclude: ["Corpus"]),
        tests(
            "PrewarmGitTests",
            ["PrewarmCore", "PrewarmEngine", "PrewarmGit", "PrewarmProvisioners", subprocess, system],
            exclude: ["http-backend.py"]),
        .target(
            name: "StoreContract", dependencies: ["PrewarmCore", "PrewarmEngine", "MemoryStore"],
            path: "Tests/StoreContract",
            swiftSettings: strict),
        .target(
            name: "MemoryStore", dependencies: ["PrewarmCore", "PrewarmEngine"], path: "Tests/MemoryStore",
            swiftSettings: strict),
        tests(
            "MemoryStoreTests", ["PrewarmEngine", "MemoryStore", "StoreContract"]),
        tests(
            "PrewarmSQLiteTests",
            ["PrewarmCore", "PrewarmEngine", "PrewarmSQL", "PrewarmSQLite", "StoreContract", grdb]),
        .target(
            name: "PostgresSupport", dependencies: [subprocess, system], path: "Tests/PostgresSupport",
            exclude: ["postgres-server.sh"], swiftSettings: strict),
        tests(
            "PrewarmPostgresTests",
            ["PrewarmCore", "PrewarmEngine", "PrewarmPostgres", "StoreContract", "PostgresSupport"]),
        .target(
            name: "ClockSupport", dependencies: ["PrewarmCore", "PrewarmEngine"], path: "Tests/ClockSupport",
            swiftSettings: strict),
        .target(
            name: "PodmanSupport", dependencies: [subprocess], path: "Tests/PodmanSupport",
            exclude: ["podman-service.sh"], swiftSettings: strict),
        .target(
            name: "KubernetesSupport", dependencies: [subprocess, system, httpClient, nioCore],
            path: "Tests/KubernetesSupport", exclude: ["server.py", "objects.py", "controllers.py"],
            swiftSettings: strict),
        tests(
            "PrewarmProvisionersTests",
            [
                "PrewarmCore", "PrewarmEngine", "PrewarmManifests", "PrewarmProvisioners", "PodmanSupport",
                "KubernetesSupport", nioCore, nioPosix,
            ]),
        tests(
            "PrewarmEngineTests",
            [
                "PrewarmCore", "PrewarmEngine", "PrewarmAPI", "PrewarmManifests", "PrewarmSQLite", "ClockSupport",
                "MemoryStore", logging, sqlite,
            ]),
        tests(
            "PrewarmWebhooksTests",
            ["PrewarmCore", "PrewarmEngine", "PrewarmAPI", "PrewarmWebhooks", "ClockSupport", httpTypes, crypto]),
        tests("PrewarmAPITests", ["PrewarmCore", "PrewarmEngine", "PrewarmAPI", "PrewarmServer"]),
        tests(
            "PrewarmServerTests",
            [
                "PrewarmCore", "PrewarmEngine", "PrewarmGit", "PrewarmManifests", "PrewarmProvisioners",
                "PrewarmAPI", "PrewarmNotifications", "PrewarmSQLite", "PrewarmDashboard", "PrewarmWebhooks",
                "PrewarmServer",
                "PrewarmTelemetry",
                "ClockSupport", crypto,
                cryptoExtras, jwt,
                httpTypes, httpClient, hummingbird,
                hummingbirdTLS, nioCore, nioHTTP1, nioHTTPTypes, nioPosix, nioSSL, logging, subprocess, system,
            ]),
        tests(
            "EndToEndTests",
            [
                "PrewarmCore", "PodmanSupport", "KubernetesSupport", "PostgresSupport", subprocess, system, httpClient,
                nioCore, nioHTTP1,
                crypto,
            ]),
        tests(
            "ReferenceTests",
            [
                "PrewarmCore", "PrewarmEngine", "PrewarmAPI", "PrewarmTelemetry", "PrewarmNotifications",
                "PrewarmServer", "PrewarmCommands", subprocess, system,
            ]),
        tests("TidyTests", []),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "ClockSupport", "PrewarmCore", "PrewarmEngine", "PrewarmGit", "PrewarmManifests", "PrewarmSQLite",
                "CLibGit2",
                "CLibYAML", sqlite, httpClient, nioCore, nioHTTP1,
            ],
            path: "Tests/Benchmarks", exclude: ["script.py"], swiftSettings: strict),
    ]
)
