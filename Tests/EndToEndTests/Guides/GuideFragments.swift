import Foundation
import Subprocess
import SystemPackage

/// A folder in which the fragments of pages are completed to configurations and validated.
struct GuideFragments {
    private let sandbox: Sandbox

    init() async throws {
        sandbox = try await Sandbox()
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-euc", Self.files],
            workingDirectory: FilePath(sandbox.root.path), output: .discarded, error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else { throw SandboxError(message: result.standardError) }
    }

    /// Returns the errors of a fragment, or nil if prewarm accepts it.
    func errors(of fragment: [String]) async throws -> String? {
        let text = fragment.joined(separator: "\n")
        let keys = Set(fragment.compactMap { $0.firstMatch(of: /^([a-zA-Z]+):/)?.output.1 })
        if keys.contains("spec") {
            try sandbox.write("fragment/manifest.yaml", Self.manifest + text + "\n")
            return try await failure(of: "fragment", environment: [:])
        }
        let missing = Self.parts.filter { !keys.contains(Substring($0.key)) }.sorted { $0.key < $1.key }
        try sandbox.write(
            "fragment.yaml", Self.head + text + "\n" + missing.map { "\($0.key):\n  - \($0.value)\n" }.joined())
        let names = Set(text.matches(of: /\$\{([A-Z_]+)\}/).map { String($0.output.1) })
        return try await failure(
            of: "fragment.yaml", environment: Dictionary(uniqueKeysWithValues: names.map { ($0, Self.value(of: $0)) }))
    }

    private func failure(of path: String, environment: [String: String]) async throws -> String? {
        let result = try await sandbox.prewarm(
            ["validate", path],
            environment: Dictionary(uniqueKeysWithValues: environment.map { (.init(stringLiteral: $0.key), $0.value) }))
        return result.code == 0 ? nil : result.out + result.err
    }

    /// Returns a value for a variable of the environment.
    private static func value(of variable: String) -> String {
        if variable.hasSuffix("_URL") { return "https://hooks.example.org/T0/B0/x" }
        if variable.hasPrefix("HOOK_") { return "whsec_" + Data(repeating: 7, count: 32).base64EncodedString() }
        return "an-example-secret"
    }

    private static let head = "apiVersion: prewarm/v1\nkind: Config\n"
    private static let parts = [
        "sources": "{name: presets, url: \"https://git.example.org/platform/presets.git\"}",
        "provisioners": "{name: local, command: [./provision]}",
    ]
    private static let manifest = "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: example}\n"

    /// Makes the files that fragments name.
    private static let files = """
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
            -subj /CN=prewarm.example.org -keyout tls.key -out tls.crt
        cp tls.crt ca.pem
        openssl genrsa -out app.pem 2048
        printf secret >passphrase
        ssh-keygen -q -t ed25519 -N secret -C ada@example.org -f id_ed25519
        echo "ada@example.org $(cat id_ed25519.pub)" >signers
        export GNUPGHOME=$PWD/gnupg
        mkdir -m 700 gnupg
        gpg --batch --quiet --passphrase '' --quick-generate-key 'Ada <ada@example.org>' ed25519 sign never
        gpg --batch --export ada@example.org >keys.gpg
        gpgconf --kill all
        """
}
